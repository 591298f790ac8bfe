import { describeFinding, type VerificationReport } from '@cavra/release-governance-core';
import { numberOf } from './number-of.ts';
import { printable, type Row, type Style, table } from './style.ts';

const MOST_FINDINGS = 20;

const SIGNATURES = {
  checked: 'checked',
  unchecked: 'not checked',
  none: 'none: nothing is signed',
} as const;

const CHECKPOINT = {
  absent: 'none',
  valid: 'valid',
  invalid: 'not valid',
  unchecked: 'fits the evidence; its signature was not checked, because no public key was given',
} as const;

const TAIL = {
  unanchored: 'unanchored: records cut off at the end would not be noticed',
  sealed: 'sealed by the checkpoint of this run',
  anchored: 'anchored in an earlier or external checkpoint',
} as const;

/** The verification report for people. */
export function verifyText(report: VerificationReport, style: Style): string {
  const verdict = report.valid ? style.good('VALID') : style.bad('NOT VALID');
  return `${style.bold('CAVRA evidence')}  ${verdict}\n\n${table(rowsOf(report, style), style)}`;
}

function rowsOf(report: VerificationReport, style: Style): Row[] {
  return [
    ['stream', printable(report.path), `sha256 ${report.sha256}`],
    ['records', `${report.records}, ${report.signed_records} signed`],
    ...(report.first_timestamp === ''
      ? []
      : [['time', `${report.first_timestamp} to ${report.last_timestamp}`] as const]),
    ['signatures', SIGNATURES[report.signatures]],
    ...report.keys.map(
      ({ key_id: id, records, status, secret }): Row => [
        'key',
        printable(
          `${id === '' ? '(without id)' : id}: ${numberOf(records, 'record')}, ${status}${secret === 'absent' ? ', its secret is not here' : ''}`,
        ),
      ],
    ),
    ['checkpoint', ...checkpointLines(report)],
    ['tail', TAIL[report.tail]],
    ...(report.head_hash === '' ? [] : [['head', report.head_hash] as const]),
    ...(report.notes ?? []).map((note): Row => ['note', printable(note)]),
    ...findingRows(report, style),
  ];
}

function checkpointLines({ checkpoint, checkpoint_details: details }: VerificationReport): readonly string[] {
  if (details === undefined) return [CHECKPOINT[checkpoint]];
  return [CHECKPOINT[checkpoint], printable(`${details.result} at ${details.time}, key ${details.key_id}`)];
}

function findingRows(report: VerificationReport, style: Style): Row[] {
  const shown = report.findings.slice(0, MOST_FINDINGS).map((finding): Row => {
    const colour = finding.severity === 'error' ? style.bad : style.warn;
    return [finding.severity, `${colour(finding.code)}: ${printable(describeFinding(finding))}`];
  });
  const more = report.findings.length - shown.length + report.findings_omitted;
  return more > 0 ? [...shown, ['', `and ${more} more; --format json lists ${report.findings.length} of them`]] : shown;
}
