import { createHash } from 'node:crypto';
import { type AuditException, type AuditSummary, type BundleLine, EXCEPTIONS } from '../domain/audit/audit-lines.ts';
import { MAX_AUDIT_LISTED } from '../domain/limits.ts';
import type { Decision } from '../domain/wire/messages.ts';
import { icon, SPRITE } from '../report/html/icons.ts';
import { codeHtml, Html, html } from '../report/html/markup.ts';
import { STYLE } from '../report/html/style.ts';
import type { Tone } from '../report/model/model.ts';
import { count, counted } from '../report/model/prose.ts';
import { DECISION_TONE, KEY_STATUS } from '../report/model/words.ts';

const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`;

/**
 * An audit as one HTML file, in the manner of the report of one run: it loads nothing and runs nothing, and every text is escaped. What is
 * not clean comes first; of more than MAX_AUDIT_LISTED bundles the rest is counted.
 *
 * @param lines those that are shown; all counts are the summary's
 */
export function auditPage(lines: readonly BundleLine[], summary: AuditSummary, version: string): string {
  const tone = summary.complete ? 'good' : 'bad';
  const headline = summary.complete ? 'The audit is clean' : 'The audit is not clean';
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${headline} – CAVRA audit</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the verdict</a>
${SPRITE}
<header class="top"><div class="frame"><span class="brand">${icon('mark', 20)}CAVRA audit</span></div></header>
<div class="frame">
<main id="main">
<div class="verdict ${tone}">${icon(tone, 44)}<div><h1>${headline}</h1><p class="lead">${lead(summary)}</p></div></div>
${facts(summary)}${missingRuns(summary)}${exceptions(summary)}${keys(summary)}${bundles(lines, summary)}</main>
</div>
<footer><div class="frame"><p>Written by cavra-release-governance ${version}. This page is one file, loads nothing and runs nothing. It shows what was found; the evidence is what proves it.</p></div></footer>
</body>
</html>
`.toString();
}

function lead({ bundles, statuses, population }: AuditSummary): string {
  const found =
    population === null
      ? ''
      : ` ${count(population.found)} of ${counted(population.expected, 'expected run')} ${population.found === 1 ? 'has' : 'have'} valid evidence.`;
  return `${count(statuses.valid)} of ${counted(bundles, 'bundle')} ${statuses.valid === 1 ? 'is' : 'are'} valid.${found}`;
}

function facts({ bundles, records, statuses, decisions, tails, shards_missing: missing }: AuditSummary): Html {
  const rows: readonly (readonly [string, string])[] = [
    ['Bundles', `${count(bundles)}, with ${counted(records, 'record')}`],
    ['Status', counts(statuses)],
    ['Decisions', counts(decisions)],
    ['Tails', counts(tails)],
    ...(missing.length === 0 ? [] : [['Missing shards', missing.slice(0, MAX_AUDIT_LISTED).join(', ')] as const]),
  ];
  return section(
    'facts',
    'What was found',
    html`<dl class="facts">${rows.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`,
  );
}

function missingRuns({ population }: AuditSummary): Html | string {
  if (population === null || population.missing.length === 0) return '';
  const { missing, missing_omitted: omitted } = population;
  return section(
    'missing',
    'Runs without valid evidence',
    html`<ul class="plain">${missing.map(
      ({ repository, run_id: run }) => html`<li>${codeHtml(repository)} run ${codeHtml(run)}</li>`,
    )}</ul>${more(omitted)}`,
  );
}

function exceptions({ exceptions: listed, exceptions_omitted: omitted }: AuditSummary): Html | string {
  if (listed.length === 0) return '';
  const head = html`<tr><th scope="col">Bundle</th><th scope="col">What</th></tr>`;
  const intro = html`<p class="intro">These need not be faults, but somebody should look at each.</p>`;
  const body = html`${intro}${scrolled('What to look at', head, listed.map(exceptionRow))}${more(omitted)}`;
  return section('exceptions', 'What to look at', body);
}

/** What is wrong in itself; the others are to be known. */
const FAULTS: ReadonlySet<string> = new Set(['not_valid', 'not_authenticated', 'key']);

function exceptionRow({ path, what, detail }: AuditException): Html {
  const tone = FAULTS.has(what) ? 'bad' : 'warn';
  const more = detail === '' ? '' : html`<p class="sub"><bdi>${detail}</bdi></p>`;
  return html`<tr><th scope="row">${codeHtml(path)}</th><td>${badge(tone, what)}<p>${EXCEPTIONS[what]}</p>${more}</td></tr>\n`;
}

function badge(tone: Tone, text: string): Html {
  return html`<span class="badge ${tone}">${icon(tone)}<bdi>${text}</bdi></span>`;
}

function keys({ keys: used }: AuditSummary): Html | string {
  if (used.length === 0) return '';
  const rows = used.map(
    ({ key_id: id, status, bundles: used, records }) =>
      html`<tr><th scope="row">${id === '' ? '(without id)' : codeHtml(id)}</th><td data-label="Status"><span class="${KEY_STATUS[status].tone}">${KEY_STATUS[status].words}</span></td><td class="num" data-label="Bundles">${count(used)}</td><td class="num" data-label="Records">${count(records)}</td></tr>\n`,
  );
  const head = html`<tr><th scope="col">Key</th><th scope="col">Status</th><th scope="col" class="num">Bundles</th><th scope="col" class="num">Records</th></tr>`;
  return section('keys', 'Keys in use', scrolled('Keys in use', head, rows));
}

function bundles(lines: readonly BundleLine[], summary: AuditSummary): Html {
  const rows = [...lines]
    .sort((a, b) => Number(a.status === 'valid') - Number(b.status === 'valid'))
    .slice(0, MAX_AUDIT_LISTED)
    .map(bundleRow);
  const head = html`<tr><th scope="col">Bundle</th><th scope="col">Run</th><th scope="col">Decision</th><th scope="col" class="num">Records</th><th scope="col">Tail</th></tr>`;
  return section('bundles', 'Bundles', html`${scrolled('Bundles', head, rows)}${more(summary.bundles - rows.length)}`);
}

function bundleRow(line: BundleLine): Html {
  const { status, path, message, diagnosis, repository, run_id: run, decision, rule_id: rule, records, tail } = line;
  const tone = status === 'valid' ? 'good' : 'bad';
  const fault = status === 'valid' ? '' : html`<p class="sub">${message} (${diagnosis})</p>`;
  const decided = decision === '' ? html`<span class="muted">–</span>` : decisionBadge(decision);
  return html`<tr><th scope="row">${badge(tone, status)}<p>${codeHtml(path)}</p>${fault}</th><td data-label="Run">${codeHtml(repository)}<p class="sub"><bdi>${run}</bdi></p></td><td>${decided}<p class="sub">${codeHtml(rule)}</p></td><td class="num" data-label="Records">${count(records)}</td><td data-label="Tail">${tail}</td></tr>\n`;
}

function decisionBadge(decision: Decision): Html {
  return badge(DECISION_TONE[decision], decision);
}

function section(id: string, title: string, body: Html): Html {
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${body}</section>\n`;
}

function scrolled(label: string, head: Html, rows: readonly Html[]): Html {
  return html`<div class="scroll" role="group" aria-label="${label}, table" tabindex="0"><table class="stack"><thead>${head}</thead><tbody>${rows}</tbody></table></div>`;
}

function more(left: number): Html | string {
  return left > 0 ? html`<p class="more">And ${count(left)} more, which the JSON Lines of the audit list.</p>` : '';
}

function counts(all: Readonly<Record<string, number>>): string {
  const given = Object.entries(all).filter(([, number]) => number > 0);
  return given.length === 0 ? 'none' : given.map(([name, number]) => `${count(number)} ${name}`).join(', ');
}
