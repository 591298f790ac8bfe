import { runPartThread } from '@cavra/release-governance-core';

/** This program as a thread of a large verification; a file of its own, so that nothing of it is loaded otherwise. */
runPartThread();
