import { type AuditSummary, type BundleLine, exceptionText } from '@cavra/release-governance-core';
import { numberOf } from './number-of.ts';
import { printable, type Row, type Style, table } from './style.ts';

const MOST_LISTED = 20;
const STATUS_WIDTH = 'unreadable'.length;
const DECISION_WIDTH = 'require_approval'.length;

/** One bundle in one line. */
export function bundleText(line: BundleLine, style: Style): string {
  const colour = line.status === 'valid' ? style.good : style.bad;
  const status = colour((line.status === 'valid' ? 'VALID' : line.status).padEnd(STATUS_WIDTH));
  const decision = (line.decision === '' ? '-' : line.decision).padEnd(DECISION_WIDTH);
  const run = line.run_id === '' ? '' : ` run ${line.run_id}`;
  const records = numberOf(line.records, 'record');
  const what = printable(`${line.repository || '(no runner)'}${run}, ${records}, ${line.tail}: ${line.path}`);
  const fault = line.status === 'valid' ? '' : `\n  ${printable(`${line.message} (${line.diagnosis})`)}`;
  return `${status}  ${decision}  ${what}${fault}\n`;
}

/** What all lines come to. */
export function auditSummaryText(summary: AuditSummary, style: Style): string {
  const verdict = summary.complete ? style.good('CLEAN') : style.bad('NOT CLEAN');
  return `\n${style.bold('CAVRA audit')}  ${verdict}\n\n${table(rowsOf(summary, style), style)}`;
}

function rowsOf(summary: AuditSummary, style: Style): Row[] {
  const { bundles, records, statuses, decisions, tails } = summary;
  return [
    ['bundles', `${bundles}, ${numberOf(records, 'record')}`],
    ['status', counted(statuses)],
    ['decisions', counted(decisions)],
    ['tails', counted(tails)],
    ...summary.keys.map(
      ({ key_id: id, status, bundles: used, records: signed }): Row => [
        'key',
        printable(
          `${id === '' ? '(without id)' : id}: ${status}, ${numberOf(signed, 'record')} in ${numberOf(used, 'bundle')}`,
        ),
      ],
    ),
    ...populationRows(summary, style),
    ...(summary.shards_missing.length === 0
      ? []
      : [['shards', style.bad(`missing: ${summary.shards_missing.slice(0, MOST_LISTED).join(', ')}`)] as const]),
    ...exceptionRows(summary, style),
  ];
}

function populationRows({ population }: AuditSummary, style: Style): Row[] {
  if (population === null) return [];
  const { expected, found, missing, missing_omitted: omitted, unexpected } = population;
  const shown = missing
    .slice(0, MOST_LISTED)
    .map((run) => style.bad(printable(`missing: ${run.repository} run ${run.run_id}`)));
  const more = missing.length - shown.length + omitted;
  return [
    ['runs', `${found} of ${expected} expected ones have valid evidence, ${unexpected} bundles are of other runs`],
    ...shown.map((text): Row => ['', text]),
    ...(more > 0 ? [['', `and ${more} more`] as const] : []),
  ];
}

function exceptionRows({ exceptions, exceptions_omitted: omitted }: AuditSummary, style: Style): Row[] {
  const shown = exceptions
    .slice(0, MOST_LISTED)
    .map((one): Row => ['exception', style.warn(printable(exceptionText(one)))]);
  const more = exceptions.length - shown.length + omitted;
  return more > 0 ? [...shown, ['', `and ${more} more; --format jsonl lists ${exceptions.length} of them`]] : shown;
}

function counted(counts: Readonly<Record<string, number>>): string {
  const given = Object.entries(counts).filter(([, count]) => count > 0);
  return given.length === 0 ? 'none' : given.map(([name, count]) => `${count} ${name}`).join(', ');
}
