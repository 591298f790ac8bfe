import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);
var IDENTITY_FIELDS=["provider","repository","workflow","run_id","run_attempt","ref","sha","actor","job","runner_name"],PROVIDERS=["github-actions","gitlab-ci","azure-pipelines","local"];export{IDENTITY_FIELDS,PROVIDERS};
