import { type CavraError, DIAGNOSES } from '../domain/diagnosis.ts';
import { MAX_SUMMARY_ROWS, MAX_SUMMARY_TEXT } from '../domain/limits.ts';
import { markdownProse } from '../domain/text/markdown.ts';
import { shortened } from '../domain/text/printable.ts';
import type { Finding } from '../domain/verification/findings.ts';
import { describeFinding, type VerificationReport } from '../domain/verification/report.ts';
import { capitalized, code, cut, listed, type Row, table } from '../report/markdown-parts.ts';

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
    ...(report === undefined ? [] : [table(['', ''], rowsOf(report)), ...findings(report), ...notChecked(report)]),
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

function rowsOf(report: VerificationReport): Row[] {
  const signed = `${report.signed_records} of ${report.records} records`;
  const keys = report.keys.map(({ key_id: keyId }) => keyId || '(no id)');
  return [
    ['Records', String(report.records)],
    [
      'Signatures',
      report.signatures === 'checked' ? `${signed}, checked with ${listed(keys)}` : cut(report.signatures),
    ],
    ['From', code(report.first_timestamp)],
    ['To', code(report.last_timestamp)],
    ['Head hash', code(report.head_hash)],
    ['SHA-256 of the stream', code(report.sha256)],
    ['Checkpoint', checkpointText(report)],
    ['Tail', cut(report.tail)],
    ...Object.entries(report.expectations ?? {}).map(([name, value]) => [
      `Expected ${name.replaceAll('_', ' ')}`,
      code(String(value)),
    ]),
    ['Verified by', `${cut(report.verifier.name)} ${cut(report.verifier.version)}`],
  ].filter(([, value]) => value !== '');
}

function checkpointText({ checkpoint, checkpoint_details: details }: VerificationReport): string {
  if (details === undefined) return cut(checkpoint);
  return `${cut(checkpoint)}: **${cut(details.result)}** at ${code(details.time)}, signed with key ${code(details.key_id)}`;
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

function notChecked({ signatures, tail, expectations }: VerificationReport): string[] {
  const items = [
    ...(signatures === 'checked' ? [] : ['who wrote the records: no signature was checked']),
    ...(tail === 'unanchored' ? ['whether records were cut off at the end: there is no checkpoint'] : []),
    ...(expectations === undefined ? ['which run, repository and decision it is evidence of'] : []),
  ];
  return items.length === 0 ? [] : ['### Not checked', items.map((item) => `- ${item}`).join('\n')];
}
