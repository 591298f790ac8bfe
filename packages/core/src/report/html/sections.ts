import type {
  Check,
  ControlLine,
  DecisionLine,
  DecisionPart,
  Fact,
  FindingPart,
  KeyLine,
  ReportModel,
  RunnerField,
  RunnerPart,
} from '../model/model.ts';
import { count, counted } from '../model/prose.ts';
import { icon } from './icons.ts';
import { codeHtml, type Html, html, prose } from './markup.ts';

/** A part of the page that the contents list. */
export interface Section {
  readonly id: string;
  readonly title: string;
  /** Shown beside the title in the contents; empty: nothing. */
  readonly count: string;
  readonly body: Html;
}

export function sectionHtml({ id, title, body }: Section): Html {
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${body}</section>\n`;
}

export function checkList(checks: readonly Check[], name = ''): Html {
  return html`<ul class="checks ${name}">${checks.map(
    ({ tone, label, text }) => html`<li>${icon(tone)}<strong>${label}</strong><div>${prose(text)}</div></li>\n`,
  )}</ul>`;
}

export function verdictHtml({ verdict, about, checks }: ReportModel): Html {
  const { tone, headline, summary, action } = verdict;
  const next = action === undefined ? '' : html`<div class="action"><strong>What to do</strong>${prose(action)}</div>`;
  return html`<div class="verdict ${tone}">${icon(tone, 44)}<div><h1>${headline}</h1><p class="lead">${prose(summary)}</p>${aboutLine(about)}</div>${next}</div>
${checkList(checks)}\n`;
}

function aboutLine(about: readonly string[]): Html | string {
  if (about.length === 0) return '';
  return html`<p class="about">${about.map((part) => html`<span><bdi>${part}</bdi></span>`)}</p>`;
}

export function runnerSection({ summary, common, runners, omitted }: RunnerPart): Section {
  return {
    id: 'who',
    title: 'Who asked',
    count: runners.length > 1 ? count(runners.length) : '',
    body: html`<p class="intro">${prose(summary)}</p>${runnerFields('In common', common)}${runners.map(({ scope, fields }) => runnerFields(scope, fields))}${more(omitted, 'record', 'of further jobs that are not listed')}`,
  };
}

function runnerFields(scope: string, fields: readonly RunnerField[]): Html | string {
  if (fields.length === 0) return '';
  return html`${scope === '' ? '' : html`<p class="scope">${scope}</p>`}<dl class="facts">${fields.map(runnerField)}</dl>`;
}

function runnerField({ label, value, code, proof }: RunnerField): Html {
  const shown = code ? codeHtml(value) : html`<bdi>${value}</bdi>`;
  return html`<div><dt>${label}</dt><dd>${shown}${proofMark(proof)}</dd></div>\n`;
}

function proofMark(proof: RunnerField['proof']): Html | string {
  if (proof === undefined) return '';
  return proof === 'proven'
    ? html`<span class="proof good">${icon('good')}proven</span>`
    : html`<span class="proof neutral">${icon('neutral')}stated by the job</span>`;
}

export function decisionSection({ caution, total, rows, omitted, rules, otherRules }: DecisionPart): Section {
  const examples = rules.length === 0 ? '' : html`<h3>Some of them, refusals first</h3>`;
  return {
    id: 'decisions',
    title: total === 1 ? 'Decision' : 'Decisions',
    count: total === 0 ? '' : count(total),
    body:
      total === 0
        ? html`<p class="intro">No decision was made.</p>`
        : html`${caution === undefined ? '' : html`<p class="intro">${prose(caution)}</p>`}${rules.length === 0 ? '' : ruleTable(rules, otherRules)}${examples}<ul class="cards">${rows.map(decisionCard)}</ul>${more(omitted, 'decision', 'in the stream')}`,
  };
}

function decisionCard({
  named,
  names,
  moreNames,
  doubtful,
  decision,
  tone,
  expected,
  ruleId,
  severity,
  reason,
  question,
}: DecisionLine): Html {
  return html`<li><div class="head">${badge(tone, decision)}${expected === undefined ? '' : html`<span class="bad">expected ${expected}</span>`}${doubtful ? html`<span class="bad">has errors, see the findings</span>` : ''}<span class="name">${named === 'request' ? '' : names.length === 1 ? 'record ' : 'records '}<bdi>${names.join(', ')}</bdi>${moreNames === 0 ? '' : ` and ${count(moreNames)} more`}</span></div>
${reason === '' ? '' : html`<p class="reason"><bdi>${reason}</bdi></p>`}<p class="rule">Rule ${codeHtml(ruleId)}${severity === '' ? '' : html`, severity <bdi>${severity}</bdi>`}</p>${inlineFacts(question)}</li>\n`;
}

function ruleTable(rules: DecisionPart['rules'], others: number): Html {
  return html`<div class="scroll" role="group" aria-label="Decisions by rule, table" tabindex="0"><table class="stack"><thead><tr><th scope="col">Decision</th><th scope="col">Rule and reason</th><th scope="col" class="num">Records</th><th scope="col" class="num">First</th></tr></thead><tbody>${rules.map(
    ({ tone, decision, ruleId, reason, records, firstRecord }) =>
      html`<tr><td>${badge(tone, decision)}</td><th scope="row">${codeHtml(ruleId)}<p class="sub"><bdi>${reason}</bdi></p></th><td class="num" data-label="Records">${count(records)}</td><td class="num" data-label="First in record">${count(firstRecord)}</td></tr>\n`,
  )}</tbody></table></div>${more(others, 'record', 'of further rules that are not listed')}`;
}

export function findingSection({ errors, warnings, rows, omitted }: FindingPart): Section {
  const total = rows.length + omitted;
  return {
    id: 'findings',
    title: 'Findings',
    count: total === 0 ? '0' : count(total),
    body:
      total === 0
        ? html`<p class="intro">None: verification found nothing wrong.</p>`
        : html`<p class="intro">${[errors === 0 ? '' : counted(errors, 'error'), warnings === 0 ? '' : counted(warnings, 'warning')].filter((part) => part !== '').join(' and ')}${omitted > 0 ? `, and ${count(omitted)} more that are not listed` : ''}.</p>
<div class="scroll" role="group" aria-label="Findings, table" tabindex="0"><table class="stack"><thead><tr><th scope="col">Severity</th><th scope="col">What was found</th><th scope="col" class="num">Record</th><th scope="col" class="num">Line</th><th scope="col" class="num">Byte</th></tr></thead><tbody>${rows.map(
            (row) =>
              html`<tr><td>${badge(row.tone, row.tone === 'bad' ? 'error' : 'warning')}</td><th scope="row">${codeHtml(row.code)}<p class="sub"><bdi>${row.message}</bdi></p>${row.meaning === '' || row.message.startsWith(row.meaning) ? '' : html`<p class="sub">Meaning: ${row.meaning}</p>`}</th>${place('Record', row.record)}${place('Line', row.line)}${place('Byte', row.line === 0 ? undefined : row.offset)}</tr>\n`,
          )}</tbody></table></div>`,
  };
}

function place(label: string, value: number | undefined): Html {
  return value === undefined || (value === 0 && label !== 'Byte')
    ? html`<td class="num muted" data-label="${label}">–</td>`
    : html`<td class="num" data-label="${label}">${count(value)}</td>`;
}

export function keySection(keys: readonly KeyLine[], seal: readonly Check[]): Section {
  const table = html`<div class="scroll" role="group" aria-label="Keys, table" tabindex="0"><table class="stack"><thead><tr><th scope="col">Key</th><th scope="col">Status</th><th scope="col">Signed</th><th scope="col">Period</th></tr></thead><tbody>${keys.map(
    ({ id, tone, status, records, used, period }) =>
      html`<tr><th scope="row">${codeHtml(id === '' ? '(without id)' : id)}</th><td data-label="Status"><span class="${tone}">${status}</span></td><td data-label="Signed">${counted(records, 'record')}${used === '' ? '' : html`<p class="sub">${used}</p>`}</td><td data-label="Period">${period === '' ? html`<span class="muted">not known here</span>` : period}</td></tr>\n`,
  )}</tbody></table></div>`;
  return {
    id: 'keys',
    title: 'Keys and seal',
    count: '',
    body: html`${keys.length === 0 ? html`<p class="intro">No record of this stream names a key.</p>` : table}<h3>Seal</h3>${checkList(seal, 'seal')}`,
  };
}

export function uncheckedSection({ unchecked, notes }: ReportModel): Section {
  const said =
    notes.length === 0
      ? ''
      : html`<h3>The run says of itself</h3><ul class="plain">${notes.map((note) => html`<li><bdi>${note}</bdi></li>`)}</ul>`;
  return {
    id: 'unchecked',
    title: 'What was not checked',
    count: '',
    body: html`<p class="intro">What this report cannot know, or did not look at.</p><ul class="plain">${unchecked.map((each) => html`<li>${prose(each)}</li>\n`)}</ul>${said}`,
  };
}

export function commandSection({ commands, subject }: ReportModel): Section {
  return {
    id: 'check',
    title: 'Check it yourself',
    count: '',
    body: html`<p class="intro">Run in the folder of the evidence. The verifier is one file that needs Node.js and nothing else. A click selects a whole command.</p><ol class="commands">${commands.map(
      ({ purpose, command, output }) =>
        html`<li><p>${prose(purpose)}</p><pre class="command"><code>${lines(command)}</code></pre>${output === '' ? '' : html`<p class="prints">It prints</p><pre><code>${output}</code></pre>`}</li>\n`,
    )}</ol>${subject.length === 0 ? '' : html`<h3>The evidence</h3>${factList(subject)}`}`,
  };
}

export function controlSection(controls: readonly ControlLine[]): Section {
  return {
    id: 'controls',
    title: 'Controls',
    count: '',
    body: html`<p class="intro">What this evidence contributes to controls that auditors ask for, and what they have to look for elsewhere. It is not a statement of compliance with any of them.</p>
<div class="scroll" role="group" aria-label="Controls, table" tabindex="0"><table class="stack controls"><thead><tr><th scope="col">Control</th><th scope="col">What is asked, and shown</th><th scope="col">What it leaves open</th></tr></thead><tbody>${controls.map(
      ({ id, framework, asks, tone, standing, shows, leaves }) =>
        html`<tr><th scope="row">${id}<p class="sub">${framework}</p><p class="sub ${tone}">${standing}</p></th><td data-label="Shows"><p class="sub">${asks}</p><p>${prose(shows)}</p></td><td data-label="Leaves open">${leaves}</td></tr>\n`,
    )}</tbody></table></div>`,
  };
}

function badge(tone: Check['tone'], text: string): Html {
  return html`<span class="badge ${tone}">${icon(tone)}<bdi>${text}</bdi></span>`;
}

function factList(facts: readonly Fact[]): Html {
  return html`<dl class="facts">${facts.map(
    ({ label, value, code }) =>
      html`<div><dt>${label}</dt><dd>${code ? codeHtml(value) : html`<bdi>${value}</bdi>`}</dd></div>\n`,
  )}</dl>`;
}

function inlineFacts(facts: readonly Fact[]): Html | string {
  if (facts.length === 0) return '';
  return html`<dl class="inline">${facts.map(({ label, value }) => html`<div><dt>${label}</dt><dd><bdi>${value}</bdi></dd></div>`)}</dl>`;
}

/** Commands of several lines: the line ends are ours, and shown as such. */
function lines(text: string): readonly Html[] {
  return text.split('\n').map((line, index) => html`${index === 0 ? '' : html`\n`}${line}`);
}

function more(omitted: number, what: string, where: string): Html | string {
  return omitted === 0 ? '' : html`<p class="more">And ${counted(omitted, what)} more ${where}.</p>`;
}
