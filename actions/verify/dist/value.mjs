import{createRequire as __createRequire}from'module';const __url=import.meta.url,require=__createRequire(__url);
import{a,b,c}from"./shared-28.mjs";import"./shared-2.mjs";import"./shared-23.mjs";export{a as given,b as locatedInVariable,c as tokenText};
