import { type CavraError, DIAGNOSES } from '../domain/diagnosis.ts';
import { MAX_SUMMARY_ROWS, MAX_SUMMARY_TEXT } from '../domain/limits.ts';
import { markdownProse } from '../domain/text/markdown.ts';
import { shortened } from '../domain/text/printable.ts';
import type { Finding } from '../domain/verification/findings.ts';
import { describeFinding, type VerificationReport } from '../domain/verification/report.ts';
import { capitalized, code, cut, type Row, table } from '../report/markdown-parts.ts';
import { factRows, notChecked } from '../report/rows/report-rows.ts';
import { rowCells } from '../report/rows/row.ts';

/**
 * A verification for people, in GitHub's Markdown: valid or not, what was checked, against which expectations, what is wrong and in
 * which record, and what was not checked. Escaped and cut as `summaryMarkdown` is.
 *
 * @param report undefined when there was nothing to look at
 */
export function verificationMarkdown(report: VerificationReport | undefined, failure: CavraError | undefined): string {
  return [
    `## ${failure === undefined ? '✅ CAVRA evidence: valid' : '❌ CAVRA evidence: not accepted'}`,
    ...cause(failure),
    ...(report === undefined
      ? []
      : [table(['', ''], rowCells(factRows(report))), ...findings(report), ...unchecked(report)]),
  ]
    .join('\n\n')
    .concat('\n');
}

function cause(failure: CavraError | undefined): string[] {
  if (failure === undefined) return [];
  const { title } = DIAGNOSES[failure.code];
  const message = markdownProse(shortened(failure.message, MAX_SUMMARY_TEXT));
  return [
    `**${markdownProse(title)}** (<code>${failure.code}</code>): ${message}`,
    `${capitalized(markdownProse(failure.action))}.`,
  ];
}

function findings({ findings: found, findings_omitted: beyond }: VerificationReport): string[] {
  if (found.length === 0) return [];
  const shown = found.slice(0, MAX_SUMMARY_ROWS);
  const omitted = found.length - shown.length + beyond;
  return [
    '### Findings',
    table(['', 'Code', 'Finding'], shown.map(findingRow)),
    ...(omitted > 0 ? [`And ${omitted} more; the report has them.`] : []),
  ];
}

function findingRow(finding: Finding): Row {
  return [finding.severity === 'error' ? '❌' : '⚠️', code(finding.code), cut(describeFinding(finding))];
}

function unchecked(report: VerificationReport): string[] {
  const items = notChecked(report);
  return items.length === 0 ? [] : ['### Not checked', items.map((item) => `- ${item}`).join('\n')];
}
