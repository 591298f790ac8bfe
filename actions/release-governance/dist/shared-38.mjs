import{createRequire as __createRequire}from'module';const __url=import.meta.url,require=__createRequire(__url);
import{b as i}from"./shared-5.mjs";function n({scan:r,decision:e},{record:o}){return{number:o,recordId:r.raw(i.recordId),decision:e,ruleId:r.text(i.ruleId)}}var d=class{records=[];record(e,o){e.isNobodys||this.records.push(n(e,o))}finish(){}};export{n as a,d as b};
