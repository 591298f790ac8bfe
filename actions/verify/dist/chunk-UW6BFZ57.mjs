import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);
var CLAIMS_FILE="runner-auth-claims.json",RESPONSE_FILE="release-governance-response.json";var STREAM_FILE="release-governance-evidence.jsonl";var CHECKPOINT_FILE="release-governance-checkpoint.sigstore.json";export{CLAIMS_FILE,RESPONSE_FILE,STREAM_FILE,CHECKPOINT_FILE};
