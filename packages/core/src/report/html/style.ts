/** The page's one style sheet. Its hash stands in the content security policy, so it is a constant. */
export const STYLE = `
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

.verdict{display:grid;grid-template-columns:auto minmax(0,1fr);gap:0 1.15rem;align-items:start;padding:1.75rem 1.75rem 1.85rem;border:1px solid var(--line);border-radius:16px;background:var(--soft);color:var(--text)}
.verdict.good{background:var(--good-soft);border-color:var(--good-line)}
.verdict.warn{background:var(--warn-soft);border-color:var(--warn-line)}
.verdict.bad{background:var(--bad-soft);border-color:var(--bad-line)}
.verdict code{background:none;padding:0;font-weight:600}
.verdict .icon{width:44px;height:44px;margin-top:.15rem}
.verdict h1{font-size:clamp(1.75rem,1.2rem + 2.4vw,2.5rem);letter-spacing:-.025em;line-height:1.15;color:var(--text)}
.verdict .lead{margin-top:.6rem;font-size:1.125rem;line-height:1.5;max-width:46rem}
.about{display:flex;flex-wrap:wrap;margin-top:.7rem;color:var(--muted);font-size:.9375rem}
.about span:not(:last-child)::after{content:"·";margin:0 .55rem}
.action{grid-column:1/-1;margin-top:1.4rem;padding:.85rem 1.1rem;border-radius:10px;background:var(--panel)}
.action strong{display:block;font-size:.8125rem;color:var(--muted);font-weight:600}

.checks{margin-top:1.25rem;border:1px solid var(--line);border-radius:12px;background:var(--panel);overflow:hidden}
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
.rail>li{position:relative;padding:0 0 .9rem 2.75rem;min-height:2.2rem}
.rail .block{padding:.7rem 1rem;border:1px solid var(--line);border-radius:12px;background:var(--panel)}
.rail .block.broken{border-color:var(--bad-line)}
.rail .hashes{display:flex;flex-wrap:wrap;gap:.1rem 1.2rem;margin-top:.1rem;font-size:.8125rem;color:var(--muted)}
.rail .by{color:var(--muted);font-size:.875rem}
.rail .end p{padding:.75rem 0 0;font-size:.9375rem;max-width:44rem}
.rail>li>svg.line{position:absolute;left:0;top:.8rem;width:24px;height:100%;overflow:visible}
.rail .icon{position:absolute;left:2px;top:.8rem;width:20px;height:20px;background:var(--bg);border-radius:50%;box-shadow:0 0 0 4px var(--bg)}
.rail line{stroke:var(--line-strong);stroke-width:2}
.rail line.broken{stroke:var(--bad);stroke-dasharray:2 5;stroke-linecap:round}
.rail line.gap{stroke-dasharray:1 6;stroke-linecap:round}
.rail .row{display:flex;flex-wrap:wrap;gap:.1rem .9rem;align-items:baseline;font-size:.9375rem}
.rail .row strong{font-weight:600}
.rail .problem{margin-top:.45rem;padding:.4rem .7rem;border-radius:7px;background:var(--bad-soft);color:var(--text);font-size:.875rem}
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
.frame{padding:0 1.1rem}main{padding-top:1.1rem}section{margin-top:2.75rem}
.verdict{gap:0 .85rem;padding:1.2rem 1.1rem 1.3rem}.about{grid-column:1/-1}.verdict .icon{width:34px;height:34px}
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
`;
