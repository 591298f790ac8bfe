import { createHash } from 'node:crypto';
import { exceptionText } from '../../domain/audit/summary.ts';
import type { AuditSummary, BundleLine } from '../../domain/audit/types.ts';
import { MAX_AUDIT_LISTED } from '../../domain/limits.ts';
import { icon, SPRITE } from '../report/html/icons.ts';
import { codeHtml, Html, html } from '../report/html/markup.ts';
import { STYLE } from '../report/html/style.ts';

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
<div class="verdict">${icon(tone, 44)}<div><h1>${headline}</h1><p class="lead">${lead(summary)}</p></div></div>
${facts(summary)}${missingRuns(summary)}${exceptions(summary)}${keys(summary)}${bundles(lines, summary)}</main>
</div>
<footer><div class="frame"><p>Written by cavra-release-governance ${version}. This page is one file, loads nothing and runs nothing. It shows what was found; the evidence is what proves it.</p></div></footer>
</body>
</html>
`.toString();
}

function lead({ bundles, statuses, population }: AuditSummary): string {
  const found =
    population === null ? '' : ` ${population.found} of ${population.expected} expected runs have valid evidence.`;
  return `${statuses.valid} of ${bundles} bundles are valid.${found}`;
}

function facts({ bundles, records, statuses, decisions, tails, shards_missing: missing }: AuditSummary): Html {
  const rows: readonly (readonly [string, string])[] = [
    ['Bundles', `${bundles}, with ${records} records`],
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
  const body = html`<ul class="plain">${listed.map((one) => html`<li>${exceptionText(one)}</li>`)}</ul>${more(omitted)}`;
  return section('exceptions', 'What to look at', body);
}

function keys({ keys: used }: AuditSummary): Html | string {
  if (used.length === 0) return '';
  const rows = used.map(
    ({ key_id: id, status, bundles: count, records }) =>
      html`<tr><th scope="row">${id === '' ? '(without id)' : codeHtml(id)}</th><td>${status}</td><td class="num">${count}</td><td class="num">${records}</td></tr>`,
  );
  const head = html`<tr><th scope="col">Key</th><th scope="col">Status</th><th scope="col" class="num">Bundles</th><th scope="col" class="num">Records</th></tr>`;
  return section('keys', 'Keys in use', scrolled(head, rows));
}

function bundles(lines: readonly BundleLine[], summary: AuditSummary): Html {
  const rows = [...lines]
    .sort((a, b) => Number(a.status === 'valid') - Number(b.status === 'valid'))
    .slice(0, MAX_AUDIT_LISTED)
    .map(bundleRow);
  const head = html`<tr><th scope="col">Bundle</th><th scope="col">Run</th><th scope="col">Decision</th><th scope="col" class="num">Records</th><th scope="col">Tail</th></tr>`;
  return section('bundles', 'Bundles', html`${scrolled(head, rows)}${more(summary.bundles - rows.length)}`);
}

function bundleRow(line: BundleLine): Html {
  const { status, path, message, diagnosis, repository, run_id: run, decision, rule_id: rule, records, tail } = line;
  const tone = status === 'valid' ? 'good' : 'bad';
  const fault = status === 'valid' ? '' : html`<p class="sub">${message} (${diagnosis})</p>`;
  return html`<tr><th scope="row"><span class="badge ${tone}">${icon(tone)}${status}</span><p>${codeHtml(path)}</p>${fault}</th><td>${codeHtml(repository)}<p class="sub">${run}</p></td><td>${decision}<p class="sub">${rule}</p></td><td class="num">${records}</td><td>${tail}</td></tr>`;
}

function section(id: string, title: string, body: Html): Html {
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${body}</section>\n`;
}

function scrolled(head: Html, rows: readonly Html[]): Html {
  return html`<div class="scroll"><table><thead>${head}</thead><tbody>${rows}</tbody></table></div>`;
}

function more(count: number): Html | string {
  return count > 0 ? html`<p class="more">and ${count} more, which the JSON Lines of the audit list</p>` : '';
}

function counts(all: Readonly<Record<string, number>>): string {
  const given = Object.entries(all).filter(([, count]) => count > 0);
  return given.length === 0 ? 'none' : given.map(([name, count]) => `${count} ${name}`).join(', ');
}
