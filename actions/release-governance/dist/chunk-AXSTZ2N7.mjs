import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);
import{hashSubjectFiles}from"./chunk-7I64BHYK.mjs";import"./chunk-S5JTZ3KT.mjs";import"./chunk-2CCDN3Y6.mjs";import"./chunk-7EBRW2VB.mjs";import"./chunk-4H55R5CM.mjs";import"./chunk-TJXASOIH.mjs";import"./chunk-ZSWHANFE.mjs";export{hashSubjectFiles};
