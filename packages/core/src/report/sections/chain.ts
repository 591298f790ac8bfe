import type { RecordBucket } from '../../domain/story/buckets.ts';
import type { KeySpan, RecordGlimpse, StreamStory } from '../../domain/story/stream-shape.ts';
import type { Finding, FindingCode } from '../../domain/verification/findings.ts';
import type { VerificationReport } from '../../domain/verification/report.ts';
import type { ChainCell, ChainLink, ChainPart, ChainSpan, ReportInput } from '../model/model.ts';
import { count, counted, type Prose, say, utc } from '../model/prose.ts';
import { DECISION_TONE, KEY_STATUS } from '../model/words.ts';
import { tailCheck } from './checks.ts';

/** Streams up to this length are drawn record by record. */
const MAX_DRAWN_LINKS = 40;
/** Of a longer one: records at either end, and broken ones between. */
const END_LINKS = 3;
const MAX_BROKEN_LINKS = 12;
/** From this length on the whole stream is drawn as a strip as well. */
const MIN_STRIP_RECORDS = 12;

/** The chain of records, as it is to be drawn. */
export function chainOf({ verification, story }: ReportInput): ChainPart {
  if (verification === undefined || story === undefined) return NO_CHAIN;
  const { records } = verification;
  const problems = problemsByRecord(verification);
  return {
    records,
    broken: problems.size,
    summary: inWords(verification, problems.size),
    firstTime: verification.first_timestamp,
    lastTime: verification.last_timestamp,
    cells: records < MIN_STRIP_RECORDS ? [] : cellsOf(story.buckets, records, [...problems.keys()]),
    spans: records < MIN_STRIP_RECORDS ? [] : story.keySpans.map((span) => spanOf(span, verification)),
    links: linksOf(records, story, problems),
    end: records === 0 ? undefined : tailCheck(verification),
  };
}

const NO_CHAIN: ChainPart = {
  records: 0,
  broken: 0,
  summary: say`There is no chain to draw.`,
  firstTime: '',
  lastTime: '',
  cells: [],
  spans: [],
  links: [],
  end: undefined,
};

/** The errors that name a record, by its number, in the order of the stream. */
function problemsByRecord({ findings }: VerificationReport): Map<number, Finding[]> {
  const found = new Map<number, Finding[]>();
  for (const finding of findings) {
    if (finding.severity !== 'error' || finding.record === 0) continue;
    found.set(finding.record, [...(found.get(finding.record) ?? []), finding]);
  }
  return new Map([...found].sort(([a], [b]) => a - b));
}

function inWords(report: VerificationReport, broken: number): Prose {
  const { records, first_timestamp: first, last_timestamp: last } = report;
  const [from, to] = [utc(first), utc(last)];
  const time = first === '' ? '' : from === to ? `, written at ${from}` : `, written from ${from} to ${to}`;
  const state =
    broken > 0
      ? say` ${counted(broken, 'record')} ${broken === 1 ? 'has' : 'have'} errors.`
      : records > 1
        ? say` Each holds the hash of the one before it.`
        : '';
  return say`${counted(records, 'record')}${time}.${state}`;
}

function cellsOf(buckets: readonly RecordBucket[], records: number, broken: readonly number[]): readonly ChainCell[] {
  const times = buckets.flatMap(({ time }) => (time === undefined ? [] : [time]));
  const earliest = Math.min(...times);
  const span = Math.max(...times) - earliest;
  return buckets.map(({ from, to, decisions, time }) => {
    const last = Math.min(to, records);
    const { allow, require_approval: requireApproval, block } = decisions;
    return {
      from,
      to: last,
      allow,
      requireApproval,
      block,
      unreadable: Math.max(last - from + 1 - allow - requireApproval - block, 0),
      broken: broken.filter((record) => record >= from && record <= last).length,
      time: time === undefined ? undefined : span === 0 ? 0 : (time - earliest) / span,
    };
  });
}

function spanOf({ from, to, key }: KeySpan, report: VerificationReport): ChainSpan {
  if (key === 'mixed') return { from, to, label: 'several keys', tone: 'neutral' };
  if (key === 'unsigned') {
    return { from, to, label: 'not signed', tone: report.signatures === 'checked' ? 'bad' : 'warn' };
  }
  const status = report.keys.find(({ key_id: id }) => id === key.id)?.status ?? 'unchecked';
  return { from, to, label: key.id === '' ? 'a key without id' : key.id, tone: KEY_STATUS[status].tone };
}

function linksOf(
  records: number,
  story: StreamStory,
  problems: ReadonlyMap<number, readonly Finding[]>,
): readonly ChainLink[] {
  const glimpses = new Map(story.glimpses.map((glimpse) => [glimpse.record, glimpse]));
  const shown = records <= MAX_DRAWN_LINKS ? range(1, records) : chosen(records, problems);
  const links: ChainLink[] = [];
  let above = 0;
  for (const record of shown) {
    if (record > above + 1) links.push({ kind: 'gap', records: record - above - 1 });
    links.push(linkOf(record, glimpses.get(record), problems.get(record) ?? []));
    above = record;
  }
  return links;
}

/** The ends of a long chain, and the records that are broken. */
function chosen(records: number, problems: ReadonlyMap<number, readonly Finding[]>): readonly number[] {
  const broken = [...problems.keys()].slice(0, MAX_BROKEN_LINKS);
  const ends = [...range(1, END_LINKS), ...range(records - END_LINKS + 1, records)];
  return [...new Set([...ends, ...broken])].filter((record) => record >= 1 && record <= records).sort((a, b) => a - b);
}

/** What keeps a verifier from reading a record at all. */
const UNREADABLE: ReadonlySet<FindingCode> = new Set([
  'non_canonical',
  'value_not_allowed',
  'torn_line',
  'line_too_long',
]);

function linkOf(record: number, glimpse: RecordGlimpse | undefined, problems: readonly Finding[]): ChainLink {
  const unlinked = problems.some(({ code }) => code === 'sequence_mismatch' || code === 'previous_hash_mismatch');
  const unreadable = problems.some(({ code }) => UNREADABLE.has(code));
  return {
    kind: 'record',
    record,
    decision: glimpse?.decision ?? (unreadable ? 'cannot be read' : ''),
    tone: problems.length > 0 ? 'bad' : glimpse === undefined ? 'neutral' : DECISION_TONE[glimpse.decision],
    time: glimpse?.time ?? '',
    recordHash: glimpse?.recordHash ?? '',
    previousHash: glimpse?.previousHash ?? '',
    key: glimpse === undefined ? '' : (glimpse.keyId ?? 'not signed'),
    link: record === 1 && !unlinked ? 'first' : unlinked || unreadable ? 'broken' : 'linked',
    problems: problems.map(({ code, message }) => `${code}: ${message}`),
  };
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(to - from + 1, 0) }, (_, index) => from + index);
}

/** `record 3` or `records 3 to 7`. */
export function recordsText(from: number, to: number): string {
  return from === to ? `record ${count(from)}` : `records ${count(from)} to ${count(to)}`;
}
