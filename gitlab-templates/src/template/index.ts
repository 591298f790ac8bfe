/** What scripts/gitlab-templates.mjs generates with. */
export { withInputTables } from './inputs-table.ts';
export { generateTemplates } from './templates.ts';
