import{createRequire as __createRequire}from'module';const __url=import.meta.url,require=__createRequire(__url);
import{b as a}from"./shared-11.mjs";import"./shared-28.mjs";import"./shared-29.mjs";import"./shared-33.mjs";import"./shared-25.mjs";import"./shared-32.mjs";import"./shared-23.mjs";import"./shared-4.mjs";import"./shared-30.mjs";export{a as loadNetwork};
