import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);
import{hashSubjectFiles}from"./chunk-DQ6HQS74.mjs";import"./chunk-S5JTZ3KT.mjs";import"./chunk-CVKCUCGV.mjs";import"./chunk-7EBRW2VB.mjs";import"./chunk-4H55R5CM.mjs";import"./chunk-DAYVZU2T.mjs";import"./chunk-ZSWHANFE.mjs";export{hashSubjectFiles};
