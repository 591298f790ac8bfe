import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);
import{hashSubjectFiles}from"./chunk-UVUQD4PQ.mjs";import"./chunk-OKGNAEKF.mjs";import"./chunk-7EBRW2VB.mjs";import"./chunk-4H55R5CM.mjs";import"./chunk-FPI7YEPS.mjs";import"./chunk-5LZ7N7YN.mjs";export{hashSubjectFiles};
