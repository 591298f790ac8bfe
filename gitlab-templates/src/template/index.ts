/** What scripts/gitlab-templates.mjs generates with. */
export { DEFAULT_IMAGE } from '../configuration/template-input.ts';
export { withInputTables } from './inputs-table.ts';
export { generateTemplates } from './templates.ts';
