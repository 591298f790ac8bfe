import{createRequire as __createRequire}from'module';const __url=import.meta.url,require=__createRequire(__url);
import{a}from"./shared-38.mjs";import"./shared-13.mjs";import"./shared-23.mjs";import"./shared-14.mjs";import"./shared-34.mjs";import"./shared-27.mjs";import"./shared-4.mjs";import"./shared-30.mjs";export{a as oidcProof};
