import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);
import{count,counted,recordsText,utc}from"./chunk-EDF643R3.mjs";import{printable}from"./chunk-4XME5XVQ.mjs";import"./chunk-ZSWHANFE.mjs";import{createHash}from"node:crypto";var Html=class{#markup;constructor(markup){this.#markup=markup}toString(){return this.#markup}};function html(strings,...values){return new Html(strings.map((text,index)=>text+written(values[index])).join(""))}function prose(parts){return parts.map(part=>typeof part=="string"?html`${part}`:codeHtml(part.code))}var MAX_UNBROKEN=16;function codeHtml(text,name=""){let content=(text.length<=MAX_UNBROKEN?[text]:text.split(/(?<=[./_:@-])(?=[^./_:@-])/)).map((part,index)=>index===0?html`${part}`:html`<wbr>${part}`);return name===""?html`<code>${content}</code>`:html`<code class="${name}">${content}</code>`}function written(value){return value===void 0?"":value instanceof Html?value.toString():typeof value=="string"?escaped(value):typeof value=="number"?String(value):value.map(written).join("")}var REFERENCES={"&":"&amp;","<":"&lt;",">":"&gt;",'"':"&quot;","'":"&#39;","`":"&#96;","#":"&#35;"},PLAIN=/^[\x20-\x7e]*$/;function escaped(text){return(PLAIN.test(text)?text:printable(text)).replace(/[&<>"'`#]/g,character=>REFERENCES[character]??"")}var SPRITE=html`<svg class="sprite" width="0" height="0" aria-hidden="true" focusable="false"><defs>
<symbol id="i-good" viewBox="0 0 16 16"><circle cx="8" cy="8" r="8" fill="currentColor"/><path class="cut" d="M4.4 8.3 7 10.9l4.7-5.3"/></symbol>
<symbol id="i-warn" viewBox="0 0 16 16"><path fill="currentColor" d="M6.7 1.1a1.5 1.5 0 0 1 2.6 0l6.4 11.4a1.5 1.5 0 0 1-1.3 2.3H1.6a1.5 1.5 0 0 1-1.3-2.3z"/><path class="cut" d="M8 5.4v3.8M8 11.9v.1"/></symbol>
<symbol id="i-bad" viewBox="0 0 16 16"><path fill="currentColor" d="M4.7 0h6.6L16 4.7v6.6L11.3 16H4.7L0 11.3V4.7z"/><path class="cut" d="m5.3 5.3 5.4 5.4m0-5.4-5.4 5.4"/></symbol>
<symbol id="i-neutral" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7.1" fill="none" stroke="currentColor" stroke-width="1.8"/><path d="M5 8h6" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round"/></symbol>
<symbol id="i-mark" viewBox="0 0 24 24"><path fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" d="M9.8 14.2 14.2 9.8M11 7.2l2.6-2.6a4.1 4.1 0 0 1 5.8 5.8L16.8 13M7.2 11l-2.6 2.6a4.1 4.1 0 0 0 5.8 5.8L13 16.8"/></symbol>
</defs></svg>`;function icon(name,size=16){return html`<svg class="icon ${name}" width="${size}" height="${size}" aria-hidden="true" focusable="false"><use href="#i-${name}"/></svg>`}function chainSection(chain){return{id:"chain",title:"Chain",count:chain.records===0?"":count(chain.records),body:html`<p class="intro">${prose(chain.summary)}</p>${chain.cells.length===0?"":strip(chain)}${rail(chain)}`}}var DECISIONS_HEIGHT=44,CHAIN_HEIGHT=12,TIME_HEIGHT=32,KEYS_HEIGHT=8,CELL_GAP=.18;function strip(chain){let{records,cells,spans,firstTime,lastTime}=chain,keyNames=[...new Map(spans.map(({label,tone})=>[label,tone]))].slice(0,6);return html`<figure class="strip"><div class="lanes">
<span class="lane">Decisions</span>${lane(records,DECISIONS_HEIGHT,decisionsLabel(chain),cells.map(cellBars))}
<span class="lane">Chain</span>${lane(records,CHAIN_HEIGHT,chainLabel(chain),[chainLine(records),cells.map(breakMark)])}
<span class="lane">Time</span>${lane(records,TIME_HEIGHT,`Time, from ${utc(firstTime)} to ${utc(lastTime)}`,[baseline(records),curve(cells)])}
<span class="lane">Keys</span>${lane(records,KEYS_HEIGHT,`Keys: ${keyNames.map(([label])=>label).join(", ")}`,spans.map(keyBar))}
<div class="labels">${keyNames.map(([label,tone])=>html`<span class="${tone==="bad"?"bad":""}"><code>${label}</code></span>`)}</div>
<div class="axis"><span>record 1<br>${utc(firstTime)}</span><span>record ${count(records)}<br>${utc(lastTime)}</span></div>
</div><ul class="legend">${legend(chain)}</ul></figure>`}function lane(records,height,label,content){return html`<svg role="img" aria-label="${label}" height="${height}" viewBox="0 0 ${records} ${height}" preserveAspectRatio="none">${content}</svg>\n`}function cellBars(cell){let{from,to,allow,requireApproval,block,unreadable}=cell,size=to-from+1,gap=size*CELL_GAP,parts=visibleShares([{name:"bad",value:block},{name:"warn",value:requireApproval},{name:"none",value:unreadable},{name:"good",value:allow}]),y=0,bars=parts.map(({name,share})=>{let bar=html`<rect class="f-${name}" x="${fixed(from-1+gap/2)}" y="${fixed(y)}" width="${fixed(size-gap)}" height="${fixed(share*DECISIONS_HEIGHT)}"/>`;return y+=share*DECISIONS_HEIGHT,bar});return html`<g>${bars}<title>${recordsText(from,to)}: ${cellText(cell)}</title></g>\n`}var MIN_SHARE=.14;function visibleShares(parts){let present=parts.filter(({value})=>value>0),total=present.reduce((sum2,{value})=>sum2+value,0),raised=present.map(({name,value})=>({name,share:Math.max(value/total,MIN_SHARE)})),sum=raised.reduce((all,{share})=>all+share,0);return raised.map(({name,share})=>({name,share:share/sum}))}function cellText({allow,requireApproval,block,unreadable}){return[{name:"allow",value:allow},{name:"require_approval",value:requireApproval},{name:"block",value:block},{name:"cannot be read",value:unreadable}].filter(({value})=>value>0).map(({name,value})=>`${count(value)} ${name}`).join(", ")}function chainLine(records){return html`<rect class="f-none" x="0" y="4.5" width="${records}" height="3"/>`}function breakMark({from,to,broken}){if(broken===0)return"";let size=to-from+1;return html`<g><rect class="f-panel" x="${from-1}" y="0" width="${size}" height="${CHAIN_HEIGHT}"/><rect class="f-bad" x="${fixed(from-1+size*CELL_GAP)}" y="0" width="${fixed(size*(1-2*CELL_GAP))}" height="${CHAIN_HEIGHT}"/><title>${recordsText(from,to)}: ${count(broken)} with errors</title></g>\n`}function baseline(records){return html`<line class="base" x1="0" x2="${records}" y1="${TIME_HEIGHT-1}" y2="${TIME_HEIGHT-1}"/>`}function curve(cells){let points=cells.flatMap(({to,time})=>time===void 0?[]:[`${fixed(to-.5)},${fixed(2+(1-time)*(TIME_HEIGHT-4))}`]);return html`<polyline class="curve" points="${points.join(" ")}"/>`}function keyBar({from,to,label,tone}){return html`<rect class="k-${tone}" x="${from-1}" y="0" width="${fixed(to-from+1)}" height="${KEYS_HEIGHT}"><title>${recordsText(from,to)}: ${label}</title></rect>`}function legend({cells,broken}){let total=pick=>cells.reduce((sum,cell)=>sum+pick(cell),0);return[{name:"good",text:"allow",value:total(({allow})=>allow)},{name:"warn",text:"require_approval",value:total(({requireApproval})=>requireApproval)},{name:"bad",text:"block",value:total(({block})=>block)},{name:"none",text:"cannot be read",value:total(({unreadable})=>unreadable)},{name:"break",text:"records with errors",value:broken}].filter(({value})=>value>0).map(({name,text,value})=>html`<li>${swatch(name)}${text} ${count(value)}</li>`)}function swatch(name){let mark=name==="break"?html`<rect class="f-none" y="3.5" width="10" height="3"/><rect class="f-bad" x="3" width="4" height="10"/>`:html`<rect class="f-${name}" width="10" height="10" rx="2"/>`;return html`<svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true" focusable="false">${mark}</svg>`}function decisionsLabel({records}){return`Decisions over ${counted(records,"record")}`}function chainLabel({broken}){return broken===0?"The chain, whole from end to end":`The chain, with errors in ${counted(broken,"record")}`}function rail({links}){return links.length===0?"":html`<ol class="rail">${links.map((link,index)=>railItem(link,links[index+1]))}</ol>`}function railItem(link,next){if(link.kind==="gap")return html`<li>${line("gap")}<p class="gaptext">${counted(link.records,"record")} not drawn</p></li>\n`;let{record,decision,tone,time,recordHash,key,problems}=link,below=next===void 0?"":line(next.kind==="record"&&next.link==="broken"?"broken":"");return html`<li>${below}${icon(tone)}<div class="row"><strong>${count(record)}</strong><span class="${toneOfText(tone)}">${decision}</span>${time===""?"":html`<time datetime="${time}">${utc(time)}</time>`}${recordHash===""?"":html`<code class="hash">${recordHash.slice(0,16)}</code>`}${key===""?"":html`<span class="muted"><bdi>${key}</bdi></span>`}</div>${problems.map(problemHtml)}</li>\n`}function problemHtml(text){let[code,...rest]=text.split(": ");return html`<p class="problem"><strong>${code}</strong> ${rest.join(": ")}</p>`}function line(name){return html`<svg class="line" aria-hidden="true" focusable="false"><line class="${name}" x1="12" x2="12" y1="12" y2="100%"/></svg>`}function toneOfText(tone){return tone==="good"?"":tone}function fixed(value){return String(Math.round(value*1e3)/1e3)}function sectionHtml({id,title,body}){return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${body}</section>\n`}function checkList(checks,name=""){return html`<ul class="checks ${name}">${checks.map(({tone,label,text})=>html`<li>${icon(tone)}<strong>${label}</strong><div>${prose(text)}</div></li>\n`)}</ul>`}function verdictHtml({verdict,about,checks}){let{tone,headline,summary,action}=verdict,next=action===void 0?"":html`<div class="action"><strong>What to do</strong>${prose(action)}</div>`;return html`<div class="verdict">${icon(tone,44)}<div><h1>${headline}</h1><p class="lead">${prose(summary)}</p>${aboutLine(about)}</div>${next}</div>
${checkList(checks)}\n`}function aboutLine(about){return about.length===0?"":html`<p class="about">${about.map(part=>html`<span><bdi>${part}</bdi></span>`)}</p>`}function runnerSection({summary,runners,omitted}){return{id:"who",title:"Who asked",count:runners.length>1?count(runners.length):"",body:html`<p class="intro">${prose(summary)}</p>${runners.map(({scope,fields})=>html`${scope===""?"":html`<p class="scope">${scope}</p>`}<dl class="facts">${fields.map(runnerField)}</dl>`)}${more(omitted,"record","of further jobs that are not listed")}`}}function runnerField({label,value,code,proof}){let shown=code?codeHtml(value):html`<bdi>${value}</bdi>`;return html`<div><dt>${label}</dt><dd>${shown}${proofMark(proof)}</dd></div>\n`}function proofMark(proof){return proof===void 0?"":proof==="proven"?html`<span class="proof good">${icon("good")}proven</span>`:html`<span class="proof neutral">${icon("neutral")}stated by the job</span>`}function decisionSection({caution,total,rows,omitted,rules,otherRules}){let examples=rules.length===0?"":html`<h3>Some of them, refusals first</h3>`;return{id:"decisions",title:total===1?"Decision":"Decisions",count:total===0?"":count(total),body:total===0?html`<p class="intro">No decision was made.</p>`:html`${caution===void 0?"":html`<p class="intro">${prose(caution)}</p>`}${rules.length===0?"":ruleTable(rules,otherRules)}${examples}<ul class="cards">${rows.map(decisionCard)}</ul>${more(omitted,"decision","in the stream")}`}}function decisionCard({named,names,moreNames,doubtful,decision,tone,expected,ruleId,severity,reason,question}){return html`<li><div class="head">${badge(tone,decision)}${expected===void 0?"":html`<span class="bad">expected ${expected}</span>`}${doubtful?html`<span class="bad">has errors, see the findings</span>`:""}<span class="name">${named==="request"?"":names.length===1?"record ":"records "}<bdi>${names.join(", ")}</bdi>${moreNames===0?"":` and ${count(moreNames)} more`}</span></div>
${reason===""?"":html`<p class="reason"><bdi>${reason}</bdi></p>`}<p class="rule">Rule ${codeHtml(ruleId)}${severity===""?"":html`, severity <bdi>${severity}</bdi>`}</p>${inlineFacts(question)}</li>\n`}function ruleTable(rules,others){return html`<div class="scroll" role="group" aria-label="Decisions by rule, table" tabindex="0"><table class="stack"><thead><tr><th scope="col">Decision</th><th scope="col">Rule and reason</th><th scope="col" class="num">Records</th><th scope="col" class="num">First</th></tr></thead><tbody>${rules.map(({tone,decision,ruleId,reason,records,firstRecord})=>html`<tr><td>${badge(tone,decision)}</td><th scope="row">${codeHtml(ruleId)}<p class="sub"><bdi>${reason}</bdi></p></th><td class="num" data-label="Records">${count(records)}</td><td class="num" data-label="First in record">${count(firstRecord)}</td></tr>\n`)}</tbody></table></div>${more(others,"record","of further rules that are not listed")}`}function findingSection({errors,warnings,rows,omitted}){let total=rows.length+omitted;return{id:"findings",title:"Findings",count:total===0?"0":count(total),body:total===0?html`<p class="intro">None: verification found nothing wrong.</p>`:html`<p class="intro">${[errors===0?"":counted(errors,"error"),warnings===0?"":counted(warnings,"warning")].filter(part=>part!=="").join(" and ")}${omitted>0?`, and ${count(omitted)} more that are not listed`:""}.</p>
<div class="scroll" role="group" aria-label="Findings, table" tabindex="0"><table class="stack"><thead><tr><th scope="col">Severity</th><th scope="col">What was found</th><th scope="col" class="num">Record</th><th scope="col" class="num">Line</th><th scope="col" class="num">Byte</th></tr></thead><tbody>${rows.map(row=>html`<tr><td>${badge(row.tone,row.tone==="bad"?"error":"warning")}</td><th scope="row">${codeHtml(row.code)}<p class="sub"><bdi>${row.message}</bdi></p>${row.meaning===""||row.message.startsWith(row.meaning)?"":html`<p class="sub">Meaning: ${row.meaning}</p>`}</th>${place("Record",row.record)}${place("Line",row.line)}${place("Byte",row.line===0?void 0:row.offset)}</tr>\n`)}</tbody></table></div>`}}function place(label,value){return value===void 0||value===0&&label!=="Byte"?html`<td class="num muted" data-label="${label}">–</td>`:html`<td class="num" data-label="${label}">${count(value)}</td>`}function keySection(keys,seal){let table=html`<div class="scroll" role="group" aria-label="Keys, table" tabindex="0"><table class="stack"><thead><tr><th scope="col">Key</th><th scope="col">Status</th><th scope="col">Signed</th><th scope="col">Period</th></tr></thead><tbody>${keys.map(({id,tone,status,records,used,period})=>html`<tr><th scope="row">${codeHtml(id===""?"(without id)":id)}</th><td data-label="Status"><span class="${tone}">${status}</span></td><td data-label="Signed">${counted(records,"record")}${used===""?"":html`<p class="sub">${used}</p>`}</td><td data-label="Period">${period===""?html`<span class="muted">not known here</span>`:period}</td></tr>\n`)}</tbody></table></div>`;return{id:"keys",title:"Keys and seal",count:"",body:html`${keys.length===0?html`<p class="intro">No record of this stream names a key.</p>`:table}<h3>Seal</h3>${checkList(seal,"seal")}`}}function uncheckedSection({unchecked,notes}){let said=notes.length===0?"":html`<h3>The run says of itself</h3><ul class="plain">${notes.map(note=>html`<li><bdi>${note}</bdi></li>`)}</ul>`;return{id:"unchecked",title:"What was not checked",count:"",body:html`<p class="intro">What this report cannot know, or did not look at.</p><ul class="plain">${unchecked.map(each=>html`<li>${prose(each)}</li>\n`)}</ul>${said}`}}function commandSection({commands,subject}){return{id:"check",title:"Check it yourself",count:"",body:html`<p class="intro">Run in the folder of the evidence. The verifier is one file that needs Node.js and nothing else.</p><ol class="commands">${commands.map(({purpose,command,output})=>html`<li><p>${prose(purpose)}</p><pre class="command"><code>${lines(command)}</code></pre>${output===""?"":html`<p class="prints">It prints</p><pre><code>${output}</code></pre>`}</li>\n`)}</ol>${subject.length===0?"":html`<h3>The evidence</h3>${factList(subject)}`}`}}function controlSection(controls){return{id:"controls",title:"Controls",count:"",body:html`<p class="intro">What this evidence contributes to controls that auditors ask for, and what they have to look for elsewhere. It is not a statement of compliance with any of them.</p>
<div class="scroll" role="group" aria-label="Controls, table" tabindex="0"><table class="stack controls"><thead><tr><th scope="col">Control</th><th scope="col">What is asked, and shown</th><th scope="col">What it leaves open</th></tr></thead><tbody>${controls.map(({id,framework,asks,tone,standing,shows,leaves})=>html`<tr><th scope="row">${id}<p class="sub">${framework}</p><p class="sub ${tone}">${standing}</p></th><td data-label="Shows"><p class="sub">${asks}</p><p>${prose(shows)}</p></td><td data-label="Leaves open">${leaves}</td></tr>\n`)}</tbody></table></div>`}}function badge(tone,text){return html`<span class="badge ${tone}">${icon(tone)}<bdi>${text}</bdi></span>`}function factList(facts){return html`<dl class="facts">${facts.map(({label,value,code})=>html`<div><dt>${label}</dt><dd>${code?codeHtml(value):html`<bdi>${value}</bdi>`}</dd></div>\n`)}</dl>`}function inlineFacts(facts){return facts.length===0?"":html`<dl class="inline">${facts.map(({label,value})=>html`<div><dt>${label}</dt><dd><bdi>${value}</bdi></dd></div>`)}</dl>`}function lines(text){return text.split(`
`).map((line2,index)=>html`${index===0?"":html`\n`}${line2}`)}function more(omitted,what,where){return omitted===0?"":html`<p class="more">And ${counted(omitted,what)} more ${where}.</p>`}var STYLE=`
:root{color-scheme:light dark;
--bg:#fff;--panel:#fff;--soft:#f6f7f9;--line:#e1e4e9;--line-strong:#c9ced6;
--text:#15181d;--muted:#5a6370;--accent:#1d4ed8;
--good:#14713a;--good-soft:#eaf6ee;--good-line:#bfe3cb;
--warn:#945600;--warn-soft:#fdf4e3;--warn-line:#f0d9a8;
--bad:#b4231c;--bad-soft:#fdeeed;--bad-line:#f3c6c2;
--fill-good:#2f9e5b;--fill-warn:#cf8a0c;--fill-bad:#d6372d;
--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",Arial,sans-serif;
--mono:ui-monospace,"SF Mono",SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
@media (prefers-color-scheme:dark){:root{
--bg:#0d1014;--panel:#12161b;--soft:#171c22;--line:#262c34;--line-strong:#3a424d;
--text:#e8ebef;--muted:#9aa4b1;--accent:#8ab4ff;
--good:#56c98a;--good-soft:#0f2018;--good-line:#1f4a33;
--warn:#e5b04f;--warn-soft:#241b0b;--warn-line:#55401a;
--bad:#ff8f85;--bad-soft:#2a1413;--bad-line:#5f2a27;
--fill-good:#3fae74;--fill-warn:#d9a03a;--fill-bad:#ff7a6e}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-behavior:smooth}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--bg);color:var(--text);font:400 1rem/1.6 var(--sans);overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
h1,h2,h3,p,ul,ol,dl,dd,figure,pre,table{margin:0;padding:0}
ul,ol{list-style:none}
h1,h2,h3{font-weight:650;line-height:1.25;letter-spacing:-.011em;text-wrap:balance}
code,pre,.mono{font-family:var(--mono);font-size:.875em;unicode-bidi:isolate}
p code,li code,dd code,td code{padding:.1em .3em;border-radius:4px;background:var(--soft);box-decoration-break:clone;-webkit-box-decoration-break:clone}
dd,td,th,.name{unicode-bidi:isolate}
a{color:var(--accent);text-decoration-thickness:1px;text-underline-offset:.18em}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
.sprite{position:absolute}
.cut{fill:none;stroke:var(--bg);stroke-width:1.9;stroke-linecap:round;stroke-linejoin:round}
.icon{flex:none;display:block}
.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}.neutral{color:var(--muted)}
.muted{color:var(--muted)}
.skip{position:absolute;left:-999px}.skip:focus{left:1rem;top:1rem;padding:.5rem .9rem;background:var(--panel);z-index:1}

.frame{max-width:71rem;margin:0 auto;padding:0 1.5rem}
.top{border-bottom:1px solid var(--line)}
.top .frame{display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:center;justify-content:space-between;padding-top:.9rem;padding-bottom:.9rem;font-size:.875rem}
.brand{display:flex;gap:.55rem;align-items:center;font-weight:600}
.brand .icon{color:var(--text)}
.body{display:grid;grid-template-columns:minmax(0,1fr);gap:0 3.5rem}
main{padding:2.75rem 0 4rem;min-width:0}
nav{display:none}
@media (min-width:64rem){
.body{grid-template-columns:11rem minmax(0,1fr)}
nav{display:block;padding:3.1rem 0 2rem;font-size:.875rem}
nav div{position:sticky;top:2rem}
nav h2{font-size:.75rem;font-weight:600;letter-spacing:.02em;color:var(--muted);margin-bottom:.6rem}
nav a{display:flex;justify-content:space-between;gap:.5rem;padding:.28rem 0;color:var(--muted);text-decoration:none}
nav a:hover{color:var(--text);text-decoration:underline}
nav .n{font-size:.75rem;color:var(--muted)}}

.verdict{display:grid;grid-template-columns:auto minmax(0,1fr);gap:0 1.15rem;align-items:start}
.verdict .icon{width:44px;height:44px;margin-top:.15rem}
.verdict h1{font-size:clamp(1.75rem,1.2rem + 2.4vw,2.5rem);letter-spacing:-.025em;line-height:1.15;color:var(--text)}
.verdict .lead{margin-top:.6rem;font-size:1.125rem;line-height:1.5;max-width:46rem}
.about{display:flex;flex-wrap:wrap;margin-top:.7rem;color:var(--muted);font-size:.9375rem}
.about span:not(:last-child)::after{content:"·";margin:0 .55rem}
.action{grid-column:1/-1;margin-top:1.4rem;padding:.85rem 1.1rem;border:1px solid var(--line);border-radius:12px;background:var(--soft)}
.action strong{display:block;font-size:.8125rem;color:var(--muted);font-weight:600}

.checks{margin-top:2rem;border:1px solid var(--line);border-radius:12px;background:var(--panel);overflow:hidden}
.checks li{display:grid;grid-template-columns:16px 10.5rem minmax(0,1fr);gap:.1rem .8rem;padding:.8rem 1.1rem;align-items:start}
.checks li+li{border-top:1px solid var(--line)}
.checks .icon{margin-top:.3rem}
.checks strong{font-weight:600}
.seal{margin-top:0}

section{margin-top:3.5rem}
section>h2{font-size:1.3rem;margin-bottom:.35rem;scroll-margin-top:1rem}
section>.intro{color:var(--muted);max-width:46rem;margin-bottom:1.2rem}
section>h2+:not(.intro){margin-top:1.1rem}
h3{font-size:1rem;margin:1.8rem 0 .6rem}

.facts{display:grid;grid-template-columns:10rem minmax(0,1fr);font-size:.9375rem;border-top:1px solid var(--line)}
.facts>div{display:contents}
.facts dt,.facts dd{padding:.5rem 0;border-bottom:1px solid var(--line)}
.facts dt{color:var(--muted);padding-right:1rem}
.facts dd{display:flex;flex-wrap:wrap;gap:.15rem 1rem;justify-content:space-between;align-items:baseline}
.facts code{background:none;padding:0}
.scope{margin:1.4rem 0 .5rem;font-weight:600;font-size:.9375rem}
.proof{display:inline-flex;gap:.35rem;align-items:center;font-size:.8125rem;white-space:nowrap}
.proof .icon{width:13px;height:13px}

.cards>li{padding:1.1rem 1.2rem;border:1px solid var(--line);border-radius:12px;background:var(--panel)}
.cards>li+li{margin-top:.75rem}
.cards .head{display:flex;flex-wrap:wrap;gap:.3rem .7rem;align-items:center}
.badge{display:inline-flex;gap:.4rem;align-items:center;padding:.12rem .6rem .12rem .45rem;border:1px solid;border-radius:99px;font-size:.8125rem;font-weight:600;white-space:nowrap}
.badge .icon{width:13px;height:13px}
.badge .cut{stroke-width:2.2}
.badge.good{background:var(--good-soft);border-color:var(--good-line)}
.badge.warn{background:var(--warn-soft);border-color:var(--warn-line)}
.badge.bad{background:var(--bad-soft);border-color:var(--bad-line)}
.badge.neutral{background:var(--soft);border-color:var(--line-strong)}
.cards .name{color:var(--muted);font-size:.875rem}
.cards .reason{margin-top:.65rem}
.cards .rule{margin-top:.15rem;font-size:.875rem;color:var(--muted)}
.inline{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;margin-top:.75rem;font-size:.875rem}
.inline>div{display:flex;gap:.45rem}
.inline dt{color:var(--muted);white-space:nowrap}

.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:12px;background:var(--panel)}
table{width:100%;border-collapse:collapse;font-size:.9375rem}
th,td{padding:.6rem .9rem;text-align:left;vertical-align:top;border-top:1px solid var(--line)}
thead th{border-top:0;font-size:.8125rem;font-weight:600;color:var(--muted);white-space:nowrap;background:var(--soft)}
tbody th{font-weight:600}
td.num,th.num{text-align:right;white-space:nowrap}
td p+p,th p{margin-top:.15rem}
td .sub,th .sub{color:var(--muted);font-size:.875rem;font-weight:400}
.controls th[scope=row]{width:21%}.controls td{width:42%}.controls td+td{width:37%}
.more{margin-top:.8rem;color:var(--muted);font-size:.9375rem}

figure.strip{padding:1.1rem 1.2rem 1rem;border:1px solid var(--line);border-radius:12px;background:var(--panel)}
.lanes{display:grid;grid-template-columns:5.5rem minmax(0,1fr);gap:.55rem .9rem;align-items:center;font-size:.8125rem;color:var(--muted)}
.lanes svg{display:block;width:100%;overflow:visible}
.lanes .axis{grid-column:2;display:flex;justify-content:space-between;gap:1rem}
.lanes .axis span:last-child{text-align:right}
.lanes .labels{grid-column:2;display:flex;flex-wrap:wrap;gap:.1rem 1.2rem}
.f-good{fill:var(--fill-good)}.f-warn{fill:var(--fill-warn)}.f-bad{fill:var(--fill-bad)}.f-none{fill:var(--line-strong)}.f-panel{fill:var(--panel)}
.k-good{fill:var(--line-strong)}.k-neutral{fill:var(--line-strong)}.k-warn{fill:var(--fill-warn)}.k-bad{fill:var(--fill-bad)}
.curve{fill:none;stroke:var(--accent);stroke-width:1.6;vector-effect:non-scaling-stroke;stroke-linejoin:round}
.base{stroke:var(--line);stroke-width:1;vector-effect:non-scaling-stroke}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin-top:.9rem;font-size:.8125rem;color:var(--muted)}
.legend li{display:flex;gap:.4rem;align-items:center}
.legend svg{display:block}

.rail{margin-top:1.4rem}
.rail>li{position:relative;padding:0 0 1.15rem 2.6rem;min-height:2.2rem}
.rail>li>svg.line{position:absolute;left:0;top:0;width:24px;height:100%;overflow:visible}
.rail .icon{position:absolute;left:2px;top:2px;width:20px;height:20px;background:var(--bg);border-radius:50%;box-shadow:0 0 0 4px var(--bg)}
.rail line{stroke:var(--line-strong);stroke-width:2}
.rail line.broken{stroke:var(--bad);stroke-dasharray:2 5;stroke-linecap:round}
.rail line.gap{stroke-dasharray:1 6;stroke-linecap:round}
.rail .row{display:flex;flex-wrap:wrap;gap:.1rem .9rem;align-items:baseline;font-size:.9375rem}
.rail .row strong{font-weight:600}
.rail .row .hash{color:var(--muted)}
.rail .problem{margin-top:.3rem;padding:.4rem .7rem;border-radius:7px;background:var(--bad-soft);color:var(--text);font-size:.875rem}
.rail .problem strong{color:var(--bad)}
.rail .gaptext{color:var(--muted);font-size:.875rem}

.plain li{position:relative;padding:.4rem 0 .4rem 1.7rem;max-width:48rem}
.plain li::before{content:"";position:absolute;left:.3rem;top:1.03rem;width:.55rem;height:2px;border-radius:1px;background:var(--line-strong)}
.commands>li+li{margin-top:1.3rem}
.commands p{max-width:46rem}
pre{margin-top:.5rem;padding:.8rem 1rem;border:1px solid var(--line);border-radius:10px;background:var(--soft);white-space:pre-wrap;font-size:.8438rem;line-height:1.55}
pre.command code{user-select:all;-webkit-user-select:all}
pre code{font-size:1em;padding:0;background:none}
.prints{margin-top:.4rem;font-size:.8125rem;color:var(--muted)}
footer{border-top:1px solid var(--line);padding:1.4rem 0 2.5rem;font-size:.8125rem;color:var(--muted)}
footer p{max-width:48rem}

@media (max-width:40rem){
.frame{padding:0 1.1rem}main{padding-top:1.9rem}section{margin-top:2.75rem}
.verdict{gap:0 .85rem}.verdict .icon{width:34px;height:34px}
.verdict .lead{grid-column:1/-1;font-size:1.0625rem}
.checks li{grid-template-columns:16px minmax(0,1fr)}.checks li>div{grid-column:2}
.facts{grid-template-columns:minmax(0,1fr)}
.facts dt{border-bottom:0;padding:.55rem 0 0;font-size:.8125rem}.facts dd{padding-top:0}
.lanes{grid-template-columns:minmax(0,1fr);gap:.3rem}.lanes .axis,.lanes .labels{grid-column:1}.lanes .lane{margin-top:.4rem}
table.stack thead{position:absolute;left:-999px}
table.stack,table.stack tbody,table.stack tr,table.stack th,table.stack td{display:block}
table.stack tr{padding:.8rem 1rem;border-top:1px solid var(--line)}table.stack tr:first-child{border-top:0}
table.stack th,table.stack td,.controls th[scope=row]{width:auto;padding:.12rem 0;border:0;text-align:left}
table.stack td.num{display:inline-block;margin-right:1.1rem}
table.stack td[data-label]::before{content:attr(data-label) " ";color:var(--muted);font-size:.8125rem}}

@media print{
:root{color-scheme:light;--bg:#fff;--panel:#fff;--soft:#f6f7f9;--line:#d5d9df;--line-strong:#aeb5bf;--text:#000;--muted:#454d58;--accent:#1d3f9a;
--good:#14713a;--good-soft:#fff;--good-line:#14713a;--warn:#945600;--warn-soft:#fff;--warn-line:#8a5200;--bad:#b4231c;--bad-soft:#fff;--bad-line:#b4231c}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
@page{margin:16mm}
body{font-size:10pt}nav,.skip{display:none}.frame{max-width:none;padding:0}.body{display:block}main{padding:1rem 0}
section{margin-top:1.6rem}h2,h3{break-after:avoid}.checks li,.cards>li,.rail>li,tr,pre,figure,.commands>li{break-inside:avoid}
.scroll{overflow:visible}a{color:inherit;text-decoration:none}}
`;var POLICY=`default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'`;function reportHtml(model){let findings=findingSection(model.findings),sound=model.findings.errors===0,sections=[...sound?[]:[findings],runnerSection(model.runner),decisionSection(model.decisions),chainSection(model.chain),...sound?[findings]:[],keySection(model.keys,model.seal),uncheckedSection(model),commandSection(model),controlSection(model.controls)];return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${model.verdict.headline} – ${model.title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the verdict</a>
${SPRITE}
${header(model)}
<div class="frame body">
${contents(sections)}
<main id="main">
${verdictHtml(model)}
${sections.map(sectionHtml)}</main>
</div>
${footer(model)}
</body>
</html>
`.toString()}function header({title,generatedAt}){return html`<header class="top"><div class="frame"><span class="brand">${icon("mark",20)}<bdi>${title}</bdi></span><span class="muted"><time datetime="${generatedAt}">${utc(generatedAt)}</time></span></div></header>`}function contents(sections){return html`<nav aria-labelledby="contents"><div><h2 id="contents">On this page</h2><ul>${sections.map(({id,title,count:count2})=>html`<li><a href="#${id}">${title}${count2===""?"":html`<span class="n">${count2}</span>`}</a></li>`)}</ul></div></nav>`}function footer({generator}){return html`<footer><div class="frame"><p>Written by ${generator.name} ${generator.version}. This page is one file, loads nothing and runs nothing. It shows what was found; the evidence is what proves it.</p></div></footer>`}export{reportHtml};
