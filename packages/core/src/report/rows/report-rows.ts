import { describeFinding, type VerificationReport } from '../../domain/verification/report.ts';
import { code, counted, listed, type Prose, say, strong } from '../model/prose.ts';
import { KEY_STATUS } from '../model/words.ts';
import { fact, type ReportRow, row, rowLines } from './row.ts';

/** What a verification came to: what was checked, against which expectations, what is wrong, and what was not checked. */
export function reportRows(report: VerificationReport): readonly ReportRow[] {
  const shown = report.findings.slice(0, MOST_FINDINGS);
  const more = report.findings.length - shown.length + report.findings_omitted;
  return [
    ...factRows(report),
    ...(report.notes ?? []).map((note) => fact('Note', say`${note}`)),
    ...shown.map((finding) =>
      row(
        finding.severity === 'error' ? 'Error' : 'Warning',
        finding.severity === 'error' ? 'bad' : 'warn',
        say`${strong(finding.code)}: ${describeFinding(finding)}`,
      ),
    ),
    ...(more > 0 ? [fact('', say`and ${more} more; the report as JSON lists them`)] : []),
    ...notChecked(report).map((what) => row('Not checked', 'warn', say`${what}`)),
  ];
}

/** The verification as lines of a job's log. */
export function reportLog(report: VerificationReport): readonly string[] {
  return [`CAVRA evidence: ${report.valid ? 'VALID' : 'NOT VALID'}`, ...rowLines(reportRows(report))];
}

const MOST_FINDINGS = 20;
const MOST_NAMES = 50;

/** What was looked at, and what holds of it. */
export function factRows(report: VerificationReport): readonly ReportRow[] {
  const { path, sha256, first_timestamp: first, last_timestamp: last, verifier, expectations = {} } = report;
  return [
    fact('Stream', say`${code(path)}`),
    fact('Records', say`${report.records}`),
    row('Signatures', report.signatures === 'checked' ? 'good' : 'warn', signatures(report)),
    ...report.keys.map((key) => row('Key', KEY_STATUS[key.status].tone, keyText(key))),
    ...(first === '' ? [] : [fact('From', say`${code(first)}`), fact('To', say`${code(last)}`)]),
    ...(report.head_hash === '' ? [] : [fact('Head hash', say`${code(report.head_hash)}`)]),
    fact('SHA-256 of the stream', say`${code(sha256)}`),
    row('Checkpoint', CHECKPOINT[report.checkpoint].tone, checkpoint(report)),
    row('Outcome', OUTCOME_TONE[report.outcome], say`${strong(report.outcome)}${OUTCOME_WORDS[report.outcome]}`),
    row('Tail', report.tail === 'unanchored' ? 'warn' : 'good', say`${TAIL[report.tail]}`),
    ...Object.entries(expectations).map(([name, value]) =>
      fact(`Expected ${name.replaceAll('_', ' ')}`, say`${code(String(value))}`),
    ),
    fact('Verified by', say`${verifier.name} ${verifier.version}`),
  ];
}

/** What nobody can rely on after this verification. */
export function notChecked({ signatures: checked, tail, expectations }: VerificationReport): readonly string[] {
  return [
    ...(checked === 'checked' ? [] : ['who wrote the records: no signature was checked']),
    ...(tail === 'unanchored' ? ['whether records were cut off at the end: there is no checkpoint'] : []),
    ...(expectations === undefined ? ['which run, repository and decision it is evidence of'] : []),
  ];
}

function signatures({ signatures: checked, signed_records: signed, records, keys }: VerificationReport): Prose {
  if (checked === 'none') return say`${strong('none')}: nothing is signed`;
  const count = `${signed} of ${counted(records, 'record')}`;
  if (checked === 'unchecked') return say`${count}, ${strong('not checked')}`;
  const names = keys.map(({ key_id: id }) => (id === '' ? '(no id)' : id));
  return say`${count}, ${strong('checked')} with ${listed(names, MOST_NAMES)}`;
}

function keyText({ key_id: id, records, status, secret }: VerificationReport['keys'][number]): Prose {
  const absent = secret === 'absent' ? ', its secret is not here' : '';
  return say`${code(id === '' ? '(without id)' : id)}: ${counted(records, 'record')}, ${status}${absent}`;
}

const CHECKPOINT = {
  absent: { words: 'none', tone: 'neutral' },
  valid: { words: 'valid', tone: 'good' },
  invalid: { words: 'not valid', tone: 'bad' },
  unchecked: { words: 'fits the evidence; its signature was not checked: no public key was given', tone: 'warn' },
} as const;

function checkpoint({ checkpoint: state, checkpoint_details: details }: VerificationReport): Prose {
  const { words } = CHECKPOINT[state];
  if (details === undefined) return say`${words}`;
  const { result, time, key_id: keyId } = details;
  return say`${words}: ${strong(result)} at ${code(time)}, signed with key ${code(keyId)}`;
}

const OUTCOME_TONE = { pass: 'good', fail: 'bad', unknown: 'warn' } as const;

const OUTCOME_WORDS = {
  pass: '',
  fail: ': the gate did not pass',
  unknown: ': neither an outcome file nor a valid checkpoint says whether the gate passed',
} as const;

const TAIL = {
  unanchored: 'unanchored: records cut off at the end would not be noticed',
  sealed: 'sealed by the checkpoint of this run',
  anchored: 'anchored in an earlier or external checkpoint',
} as const;
