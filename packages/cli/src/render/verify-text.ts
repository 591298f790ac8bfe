import { reportRows, type VerificationReport } from '@cavra/release-governance-core';
import { rowsText, type Style } from './style.ts';

/** The verification report for people. */
export function verifyText(report: VerificationReport, style: Style): string {
  const verdict = report.valid ? style.good('VALID') : style.bad('NOT VALID');
  return `${style.bold('CAVRA evidence')}  ${verdict}\n\n${rowsText(reportRows(report), style)}`;
}
