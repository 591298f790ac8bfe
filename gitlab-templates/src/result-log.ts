/** What the log says of a run; loaded only when there is something to say. */
export { resultLog } from '@cavra/release-governance-core';
