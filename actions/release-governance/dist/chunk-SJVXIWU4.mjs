import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);
import{proxyFor,proxyFromEnvironment}from"./chunk-RQCSZWTN.mjs";import"./chunk-JDKEVNRH.mjs";import"./chunk-ZSWHANFE.mjs";export{proxyFor,proxyFromEnvironment};
