import { worstFirst } from '../../domain/decision/worst.ts';
import { code, counted, listed, type Prose, say, strong } from '../model/prose.ts';
import type { AuthenticationJson, DecisionJson, GateResult } from '../model/run-result.ts';
import { DECISION_TONE } from '../model/words.ts';
import { fact, type ReportRow, row, rowLines } from './row.ts';

/** What a run of the gate was: who asked and what proves it, what was decided by which rule, the evidence, and what to know. */
export function resultRows(result: GateResult): readonly ReportRow[] {
  return [
    ...askedBy(result),
    ...worstFirst(result.decisions).flatMap(decisionRows),
    ...evidenceRows(result),
    ...result.consequences.map(({ code: name, message }) => row('Beneath it', 'bad', say`${code(name)}: ${message}`)),
    ...result.notes.map((note) => row('Note', 'warn', say`${note}`)),
  ];
}

/** The result as lines of a job's log. */
export function resultLog(result: GateResult): readonly string[] {
  return [`CAVRA release gate: ${result.verdict.toUpperCase()}`, ...rowLines(resultRows(result))];
}

/** Who asked, and what of that is proven. */
export function askedBy({ identity, authentication, trust }: GateResult): readonly ReportRow[] {
  if (identity === null) {
    return [row('Asked by', 'bad', say`unknown: the run ended before the job was identified`)];
  }
  const { repository, provider, ref, sha, run_id: run, run_attempt: attempt, workflow, job, actor } = identity;
  return [
    fact('Asked by', joined([named('', repository), provider ? say`on ${provider}` : []])),
    fact('Ref and commit', joined([named('', ref), named('', sha)])),
    fact(
      'Run',
      joined([
        named('', run),
        attempt ? say`attempt ${attempt}` : [],
        named('workflow ', workflow),
        named('job ', job),
      ]),
    ),
    fact('Started by', named('', actor)),
    ...proof(authentication),
    ...(trust === null ? [] : [fact('Trusted by', say`${code(trust.rule)}`)]),
  ].filter(({ lines }) => lines.some((line) => line.length > 0));
}

function proof(authentication: AuthenticationJson | null): ReportRow[] {
  if (authentication === null) {
    return [row('Identity', 'bad', say`${strong('not verified')}: all of the above is only what the job says`)];
  }
  const { method, key_id: keyId, verified, unverified } = authentication;
  const key: Prose = keyId === '' ? [] : say`, key ${code(keyId)}`;
  if (method === 'hmac') return possession(key, verified, unverified);
  return [
    row(
      'Identity',
      'good',
      say`${strong('verified')} by the platform’s OIDC token${key}: ${listed(verified, MOST_NAMES)}`,
    ),
    ...(unverified.length === 0 ? [] : [row('Not verified', 'warn', listed(unverified, MOST_NAMES))]),
  ];
}

/** An HMAC proves who holds the key, and what the keyring binds to it. The rest is the word of whoever that is. */
function possession(key: Prose, bound: readonly string[], asserted: readonly string[]): ReportRow[] {
  const binding: Prose = bound.length === 0 ? [] : say`; the keyring binds it to the ${listed(bound, MOST_NAMES)}`;
  const word: Prose = say`by whoever holds the key, proven by nothing: ${listed(asserted, MOST_NAMES)}`;
  return [
    row('Identity', 'good', say`${strong('proven')} by possession of the runner’s HMAC key${key}${binding}`),
    ...(asserted.length === 0 ? [] : [row('Asserted', 'warn', word)]),
  ];
}

const MOST_NAMES = 50;

function decisionRows(decision: DecisionJson): ReportRow[] {
  const { request, met, severity, rule_id: rule, reason, decision: name } = decision;
  return [
    fact('Request', say`${code(request)}`),
    row(
      'Decision',
      met ? DECISION_TONE[name] : 'bad',
      say`${decisionText(decision)}, by rule ${code(rule)}${severity === '' ? '' : `, severity ${severity}`}`,
      say`${reason}`,
    ),
  ];
}

/** The decision, and what was expected in its place. */
export function decisionText({ decision, expected, met }: DecisionJson): Prose {
  if (decision === expected) return say`${strong(decision)}${met ? '' : ', which is not accepted here'}`;
  return say`${strong(decision)}, expected was ${strong(expected)}`;
}

/** What holds of the evidence, and where it is. */
export function evidenceRows({ evidence, checkpoint }: GateResult): readonly ReportRow[] {
  if (evidence === null) {
    return [row('Evidence', 'bad', say`${strong('none')}: the run ended before any was written`)];
  }
  const { valid, records, tail, signatures, keys, head_hash: head, dir } = evidence;
  return [
    row('Evidence', valid ? 'good' : 'bad', evidenceText(valid, records, tail)),
    fact('Signatures', signatures === 'checked' ? say`checked with ${listed(keys, MOST_NAMES)}` : say`${signatures}`),
    fact('Head hash', say`${code(head)}`),
    ...(checkpoint === null
      ? []
      : [
          row(
            'Checkpoint',
            checkpoint.result === 'PASSED' ? 'good' : 'bad',
            say`${strong(checkpoint.result)}, signed with key ${code(checkpoint.key_id)}`,
          ),
        ]),
    fact('Evidence folder', say`${code(dir)}`),
  ];
}

function evidenceText(valid: boolean, records: number, tail: string): Prose {
  // Nothing was decided, so there is nothing that could be invalid.
  if (!valid && records === 0) return say`${strong('no decision was recorded')}`;
  return say`${strong(valid ? 'valid' : 'not valid')}, ${counted(records, 'record')}, tail ${tail}`;
}

function named(what: string, text: string | undefined): Prose {
  return text === undefined || text === '' ? [] : say`${what}${code(text)}`;
}

function joined(parts: readonly Prose[]): Prose {
  return parts.filter((part) => part.length > 0).flatMap((part, index) => (index === 0 ? part : [', ', ...part]));
}
