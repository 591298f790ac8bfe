import{createRequire as __createRequire}from'module';const __url=import.meta.url,require=__createRequire(__url);
import{c as o,d as r}from"./shared-20.mjs";function a(t){let n=t[r.provider];return Object.keys(o).filter(e=>e===n||!!t[o[e]])}export{a};
