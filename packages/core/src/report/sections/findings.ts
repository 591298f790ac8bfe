import { MAX_REPORT_LISTED_FINDINGS } from '../../domain/limits.ts';
import { FINDINGS, type FindingCode } from '../../domain/verification/findings.ts';
import type { FindingPart, ReportInput } from '../model/model.ts';

/** What verification found, in the order of the stream; what a code means is said where it comes first. */
export function findingsOf({ verification }: ReportInput): FindingPart {
  if (verification === undefined) return { errors: 0, warnings: 0, rows: [], omitted: 0 };
  const { findings } = verification;
  const errors = findings.filter(({ severity }) => severity === 'error');
  // Errors rather than warnings when not all fit.
  const shown = findings.length <= MAX_REPORT_LISTED_FINDINGS ? findings : errors.slice(0, MAX_REPORT_LISTED_FINDINGS);
  const explained = new Set<FindingCode>();
  const meaningOnce = (code: FindingCode) => {
    if (explained.has(code)) return '';
    explained.add(code);
    return FINDINGS[code].meaning;
  };
  return {
    errors: errors.length,
    warnings: findings.length - errors.length,
    rows: shown.map(({ code, severity, record, line, offset, message }) => ({
      tone: severity === 'error' ? 'bad' : 'warn',
      code,
      record,
      line,
      offset,
      message,
      meaning: meaningOnce(code),
    })),
    omitted: findings.length - shown.length + verification.findings_omitted,
  };
}
