import{createRequire as __createRequire}from'module';const __url=import.meta.url,require=__createRequire(__url);
import{a,b,c}from"./shared-35.mjs";import"./shared-4.mjs";import"./shared-30.mjs";export{a as given,b as locatedInVariable,c as tokenText};
