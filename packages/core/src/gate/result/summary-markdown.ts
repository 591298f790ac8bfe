import { worstFirst } from '../../domain/decision/worst.ts';
import { DIAGNOSES } from '../../domain/diagnosis.ts';
import { MAX_SUMMARY_ROWS, MAX_SUMMARY_TEXT } from '../../domain/limits.ts';
import { markdownLink, markdownProse, markdownText } from '../../domain/text/markdown.ts';
import { shortened } from '../../domain/text/printable.ts';
import { capitalized, code, cut, prose, type Row, table } from '../../report/markdown-parts.ts';
import type { DecisionJson, GateResult } from '../../report/model/run-result.ts';
import { askedBy, decisionText, evidenceRows } from '../../report/rows/result-rows.ts';
import { rowCells } from '../../report/rows/row.ts';

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
    table(
      ['', ''],
      [
        ...rowCells([...askedBy(result), ...evidenceRows(result)]),
        ...publication.map((remark): Row => ['Publication', remarkText(remark)]),
      ],
    ),
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
  return [
    `## ${mark} CAVRA release gate: ${result.verdict}`,
    cause(result),
    consequences(result),
    decided(result.decisions),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function cause({ diagnosis }: GateResult): string {
  if (diagnosis === null) return '';
  const { code, message } = diagnosis;
  return `**${markdownText(DIAGNOSES[code].title)}** (<code>${code}</code>): ${markdownProse(shortened(message, MAX_SUMMARY_TEXT))}`;
}

/** What followed from the cause. */
function consequences({ consequences: found }: GateResult): string {
  const lines = found
    .slice(0, MAX_SUMMARY_ROWS)
    .map(({ code: name, message }) => `- <code>${name}</code>: ${cut(message)}`);
  return lines.length === 0 ? '' : ['What followed from it:', '', ...lines].join('\n');
}

function decided(decisions: readonly DecisionJson[]): string {
  const [first] = worstFirst(decisions);
  if (first === undefined) return 'No decision was made.';
  const others = decisions.length === 1 ? '' : ` The worst of ${decisions.length} decisions counts.`;
  return `Decision: ${prose(decisionText(first))}, by rule ${code(first.rule_id)}: ${cut(first.reason)}${others}`;
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
      prose(decisionText(each)),
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
