import{createRequire as __createRequire}from'module';const __url=import.meta.url,require=__createRequire(__url);
import{a as o,e as s,k as t}from"./shared-17.mjs";var p="runner-auth-claims.json",E="release-governance-response.json",l="release-governance-responses.jsonl",u="release-governance-evidence.jsonl",I="release-governance-evidence-verification.json",g="release-governance-evidence.torn.jsonl",x="release-governance-checkpoint.sigstore.json",N="release-governance-report.html",F="release-governance-outcome.jsonl",R="release-governance-run.json",_=[p,E,l,u,I,g,F,x,N,R];function f(e){let n={...o,fields:o.fields.toSorted((r,a)=>r.name<a.name?-1:1)};return`${i(t(n,e))}
`}function v(e){return`${JSON.stringify(e,null,2)}
`}function O(e){return`${i(t(s,e))}
`}function L(e){return e.map(n=>`${t(s,n)}
`).join("")}function i(e){let n=0;return e.replace(d,r=>{switch(r){case"{":case"[":return n+=1,`${r}${c(n)}`;case"}":case"]":return n-=1,`${c(n)}${r}`;case",":return`,${c(n)}`;case":":return": ";default:return r}})}var d=/"(?:[^"\\]|\\.)*"|\{\}|\[\]|[[\]{},:]/g;function c(e){return`
${"  ".repeat(e)}`}export{p as a,E as b,l as c,u as d,I as e,g as f,x as g,N as h,F as i,R as j,_ as k,f as l,v as m,O as n,L as o};
