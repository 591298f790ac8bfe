import{createRequire as __createRequire}from'module';const __url=import.meta.url,require=__createRequire(__url);
import{h as a,i as b}from"./shared-19.mjs";import"./shared-29.mjs";import"./shared-23.mjs";import"./shared-4.mjs";import"./shared-30.mjs";export{b as freeEvents,a as pullRequestContext};
