import { createHash } from 'node:crypto';
import type { ReportModel } from '../model/model.ts';
import { utc } from '../model/prose.ts';
import { chainSection } from './chain.ts';
import { icon, SPRITE } from './icons.ts';
import { Html, html } from './markup.ts';
import {
  commandSection,
  controlSection,
  decisionSection,
  findingSection,
  keySection,
  runnerSection,
  type Section,
  sectionHtml,
  uncheckedSection,
  verdictHtml,
} from './sections.ts';
import { STYLE } from './style.ts';

/** Nothing is loaded, nothing runs; the one style sheet is the one whose hash stands here. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`;

/**
 * The report as one HTML file that stands for itself: it loads nothing and runs nothing, in light and dark, on paper and on a phone.
 * Every text of the model is escaped.
 */
export function reportHtml(model: ReportModel): string {
  const findings = findingSection(model.findings);
  const sound = model.findings.errors === 0;
  const sections = [
    // What is wrong comes before everything else.
    ...(sound ? [] : [findings]),
    runnerSection(model.runner),
    decisionSection(model.decisions),
    chainSection(model.chain),
    ...(sound ? [findings] : []),
    keySection(model.keys, model.seal),
    uncheckedSection(model),
    commandSection(model),
    controlSection(model.controls),
  ];
  return html`<!doctype html>
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
`.toString();
}

function header({ title, generatedAt }: ReportModel): Html {
  return html`<header class="top"><div class="frame"><span class="brand">${icon('mark', 20)}<bdi>${title}</bdi></span><span class="muted"><time datetime="${generatedAt}">${utc(generatedAt)}</time></span></div></header>`;
}

function contents(sections: readonly Section[]): Html {
  return html`<nav aria-labelledby="contents"><div><h2 id="contents">On this page</h2><ul>${sections.map(
    ({ id, title, count }) =>
      html`<li><a href="#${id}">${title}${count === '' ? '' : html`<span class="n">${count}</span>`}</a></li>`,
  )}</ul></div></nav>`;
}

function footer({ generator }: ReportModel): Html {
  return html`<footer><div class="frame"><p>Written by ${generator.name} ${generator.version}. This page is one file, loads nothing and runs nothing. It shows what was found; the evidence is what proves it.</p></div></footer>`;
}
