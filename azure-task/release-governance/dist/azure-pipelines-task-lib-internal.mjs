import{createRequire as __createRequire}from'module';const __url=import.meta.url,require=__createRequire(__url);
import{d as a}from"./shared.mjs";import"./shared-30.mjs";export default a();
