import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);
import{proxyFor,proxyFromEnvironment}from"./chunk-RQCSZWTN.mjs";import"./chunk-JDKEVNRH.mjs";import"./chunk-5LZ7N7YN.mjs";export{proxyFor,proxyFromEnvironment};
