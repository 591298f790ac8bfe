import{createRequire as __createRequire}from'module';const __url=import.meta.url,require=__createRequire(__url);
import{j as e,n}from"./shared-14.mjs";function u(i,t){let r=n(t).get("kid");return{identity:i,algorithm:e,...typeof r=="string"&&r!==""?{key_id:r}:{},signature:t}}export{u as a};
