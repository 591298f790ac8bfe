import{createRequire as __createRequire}from'module';const __url=import.meta.url,require=__createRequire(__url);
import{a,b}from"./shared-16.mjs";import"./shared-31.mjs";import"./shared-27.mjs";import"./shared-4.mjs";import"./shared-30.mjs";export{b as defaultAudience,a as resolveOidcTrust};
