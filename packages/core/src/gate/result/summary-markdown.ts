import { DIAGNOSES } from '../../domain/diagnosis.ts';
import { MAX_SUMMARY_ROWS, MAX_SUMMARY_TEXT } from '../../domain/limits.ts';
import { markdownLink, markdownProse, markdownText } from '../../domain/text/markdown.ts';
import { shortened } from '../../domain/text/printable.ts';
import { capitalized, code, cut, joined, listed, type Row, table } from '../../report/markdown-parts.ts';
import type { AuthenticationJson, DecisionJson, GateResult } from '../../report/model/run-result.ts';

/** Something that became of the evidence after the gate, in a sentence of plain text. */
export interface SummaryRemark {
  readonly text: string;
  /** https address that the text leads to. */
  readonly url?: string;
}

/**
 * The result for the page that a CI platform shows for a job, in GitHub's Markdown: verdict, decision, who asked and whether that is
 * proven, the evidence, and what to do next. Everything that comes from outside is escaped and cut, so that the whole stays well below
 * the 1 MiB that GitHub takes.
 *
 * @param publication what became of the evidence: where it was published, or why not
 */
export function summaryMarkdown(result: GateResult, publication: readonly SummaryRemark[] = []): string {
  return [
    headline(result),
    table(['', ''], [...whoAsked(result), ...evidenceRows(result, publication)]),
    ...requests(result.decisions),
    ...notes(result.notes),
    `### What next\n\n${whatNext(result)}`,
  ]
    .join('\n\n')
    .concat('\n');
}

/** What became of the evidence after the summary of the result was written, for the same page. */
export function publicationMarkdown(publication: readonly SummaryRemark[]): string {
  return `## CAVRA release gate: evidence\n\n${publication.map((remark) => `- ${remarkText(remark)}`).join('\n')}\n`;
}

/** The verdict, and the decision or the failure that led to it. */
function headline(result: GateResult): string {
  const mark = result.verdict === 'pass' ? '✅' : '❌';
  return [`## ${mark} CAVRA release gate: ${result.verdict}`, cause(result), decided(result.decisions)]
    .filter((part) => part !== '')
    .join('\n\n');
}

function cause({ diagnosis }: GateResult): string {
  if (diagnosis === null) return '';
  const { code, message } = diagnosis;
  return `**${markdownText(DIAGNOSES[code].title)}** (<code>${code}</code>): ${markdownProse(shortened(message, MAX_SUMMARY_TEXT))}`;
}

function decided(decisions: readonly DecisionJson[]): string {
  const [first] = worstFirst(decisions);
  if (first === undefined) return 'No decision was made.';
  const others = decisions.length === 1 ? '' : ` The worst of ${decisions.length} decisions counts.`;
  return `Decision: ${decisionText(first)}, by rule ${code(first.rule_id)}: ${cut(first.reason)}${others}`;
}

function decisionText({ decision, expected, met }: DecisionJson): string {
  if (decision === expected) return `**${markdownText(decision)}**${met ? '' : ', which is not accepted here'}`;
  return `**${markdownText(decision)}**, expected was **${markdownText(expected)}**`;
}

function whoAsked({ identity, authentication, trust }: GateResult): Row[] {
  if (identity === null) return [['Asked by', 'unknown: the run ended before the job was identified']];
  const run = [
    code(identity.run_id),
    identity.run_attempt === undefined ? '' : `attempt ${cut(identity.run_attempt)}`,
    identity.workflow === undefined ? '' : `workflow ${code(identity.workflow)}`,
    identity.job === undefined ? '' : `job ${code(identity.job)}`,
  ];
  return [
    ['Asked by', joined([code(identity.repository), `on ${cut(identity.provider ?? '')}`])],
    ['Ref and commit', joined([code(identity.ref), code(identity.sha)])],
    ['Run', joined(run)],
    ['Started by', code(identity.actor)],
    ...proof(authentication),
    ...(trust === null ? [] : [['Trusted by', code(trust.rule)]]),
  ].filter(([, value]) => value !== '');
}

function proof(authentication: AuthenticationJson | null): Row[] {
  if (authentication === null) return [['Identity', '**not verified**: all of the above is only what the job says']];
  const { method, key_id: keyId, verified, unverified } = authentication;
  const by = method === 'oidc' ? 'the platform’s OIDC token' : 'the runner’s HMAC key';
  return [
    ['Identity', `**verified** by ${by}${keyId === '' ? '' : `, key ${code(keyId)}`}: ${listed(verified)}`],
    ...(unverified.length === 0 ? [] : [['Not verified', listed(unverified)]]),
  ];
}

function evidenceRows({ evidence, checkpoint }: GateResult, publication: readonly SummaryRemark[]): Row[] {
  const remarks = publication.map((remark): Row => ['Publication', remarkText(remark)]);
  if (evidence === null) return [['Evidence', '**none**: the run ended before any was written'], ...remarks];
  const records = evidence.records === 1 ? '1 record' : `${evidence.records} records`;
  const signatures =
    evidence.signatures === 'checked' ? `checked with ${listed(evidence.keys)}` : cut(evidence.signatures);
  return [
    ['Evidence', `${evidence.valid ? '**valid**' : '**not valid**'}, ${records}, tail ${cut(evidence.tail)}`],
    ['Signatures', signatures],
    ['Head hash', code(evidence.head_hash)],
    ...(checkpoint === null
      ? []
      : [['Checkpoint', `**${cut(checkpoint.result)}**, signed with key ${code(checkpoint.key_id)}`]]),
    ['Evidence folder', code(evidence.dir)],
    ...remarks,
  ];
}

function remarkText({ text, url }: SummaryRemark): string {
  return url === undefined ? cut(text) : markdownLink(text, url);
}

/** The table of all requests, when there is more than the one that the headline shows. */
function requests(decisions: readonly DecisionJson[]): string[] {
  if (decisions.length < 2) return [];
  const rows = worstFirst(decisions)
    .slice(0, MAX_SUMMARY_ROWS)
    .map((each) => [
      code(each.request),
      each.met ? '✅' : '❌',
      decisionText(each),
      code(each.rule_id),
      cut(each.reason),
    ]);
  const omitted = decisions.length - rows.length;
  return [
    `### ${decisions.length} requests`,
    table(['Request', 'Met', 'Decision', 'Rule', 'Reason'], rows),
    ...(omitted > 0 ? [`And ${omitted} more; the evidence has them all.`] : []),
  ];
}

function notes(texts: readonly string[]): string[] {
  if (texts.length === 0) return [];
  const omitted = texts.length - MAX_SUMMARY_ROWS;
  const items = texts.slice(0, MAX_SUMMARY_ROWS).map((text) => `- ${cut(text)}`);
  return ['### To know', [...items, ...(omitted > 0 ? [`- and ${omitted} more`] : [])].join('\n')];
}

function whatNext({ diagnosis, decisions }: GateResult): string {
  if (diagnosis !== null) return `${capitalized(markdownProse(diagnosis.action))}.`;
  return decisions.every(({ decision }) => decision === 'allow')
    ? 'The release may go ahead. Keep the evidence: it can be verified for as long as its keys are known.'
    : 'The gate decided as this job expects it to. That is no permission to release.';
}

/** Unmet expectations first, then by how much the decision stops. */
function worstFirst(decisions: readonly DecisionJson[]): DecisionJson[] {
  const rank = ({ met, decision }: DecisionJson) =>
    (met ? 3 : 0) + ['block', 'require_approval', 'allow'].indexOf(decision);
  return decisions.toSorted((a, b) => rank(a) - rank(b));
}
