import { MAX_AUDIT_LISTED, MAX_REPORT_KEYS } from '../limits.ts';
import type { Decision } from '../wire/messages.ts';
import {
  type AuditException,
  type AuditedKey,
  type AuditSummary,
  type BundleLine,
  type BundleStatus,
  EXCEPTIONS,
  type ExceptionKind,
  type ExpectedRun,
  type Population,
} from './audit-lines.ts';

/** Adds up the lines of an audit. It keeps what tells bundles apart and a limited number of exceptions, not the lines. */
export class AuditSummarizer {
  readonly #expected: ReadonlyMap<string, ExpectedRun> | undefined;
  readonly #foundRuns = new Set<string>();
  readonly #streams = new Map<string, string>();
  readonly #keys = new Map<string, { -readonly [K in keyof AuditedKey]: AuditedKey[K] }>();
  readonly #statuses: Record<BundleStatus, number> = { valid: 0, unmet: 0, invalid: 0, unreadable: 0 };
  readonly #decisions: Record<Decision, number> = { allow: 0, require_approval: 0, block: 0 };
  readonly #tails: Record<BundleLine['tail'], number> = { unanchored: 0, sealed: 0, anchored: 0 };
  readonly #exceptions: AuditException[] = [];
  #exceptionsOmitted = 0;
  #bundles = 0;
  #records = 0;
  #unexpected = 0;

  /** @param expected undefined: no run is expected, and none is unexpected */
  constructor(expected?: readonly ExpectedRun[]) {
    this.#expected = expected === undefined ? undefined : new Map(expected.map((run) => [runKey(run), run]));
  }

  add(line: BundleLine): void {
    this.#bundles += 1;
    this.#statuses[line.status] += 1;
    this.#records += line.records;
    if (line.status === 'valid') this.#addValid(line);
    this.#addExceptions(line);
  }

  /**
   * @param mayBeEmpty whether there need be no bundle, as in one shard of few
   * @param shardsMissing numbers of the shards whose lines are not here
   */
  summary(mayBeEmpty = false, shardsMissing: readonly number[] = []): AuditSummary {
    const population = this.#population();
    const allValid = this.#statuses.valid === this.#bundles && (mayBeEmpty || this.#bundles > 0);
    const allFound = population === null || population.missing.length === 0;
    return {
      kind: 'summary',
      bundles: this.#bundles,
      records: this.#records,
      statuses: this.#statuses,
      decisions: this.#decisions,
      tails: this.#tails,
      keys: [...this.#keys.values()].sort((a, b) => b.records - a.records || (a.key_id < b.key_id ? -1 : 1)),
      population,
      exceptions: this.#exceptions,
      exceptions_omitted: this.#exceptionsOmitted,
      shards_missing: shardsMissing,
      complete: allValid && allFound && shardsMissing.length === 0,
    };
  }

  #addValid(line: BundleLine): void {
    if (line.decision !== '') this.#decisions[line.decision] += 1;
    this.#tails[line.tail] += 1;
    for (const { key_id: id, records, status } of line.keys) this.#addKey(id, status, records);
    const run = runKey(line);
    if (this.#expected?.has(run) === true) this.#foundRuns.add(run);
    else if (this.#expected !== undefined) this.#unexpected += 1;
  }

  #addKey(id: string, status: AuditedKey['status'], records: number): void {
    const name = JSON.stringify([id, status]);
    const known = this.#keys.get(name);
    if (known !== undefined) {
      known.bundles += 1;
      known.records += records;
    } else if (this.#keys.size < MAX_REPORT_KEYS) {
      this.#keys.set(name, { key_id: id, status, bundles: 1, records });
    }
  }

  #addExceptions(line: BundleLine): void {
    const { path, status, diagnosis, message, decision, rule_id: rule, unauthenticated, signatures, warnings } = line;
    if (status !== 'valid') {
      this.#except(path, 'not_valid', `${diagnosis} ${message}`);
      return;
    }
    if (decision !== 'allow') this.#except(path, 'not_allowed', `${decision} by ${rule}`);
    if (unauthenticated > 0) this.#except(path, 'not_authenticated', `${unauthenticated} of ${line.records} records`);
    // Under a valid checkpoint of a public key nothing needs the signatures of records.
    if (signatures !== 'checked' && line.checkpoint !== 'valid') this.#except(path, 'not_checked', '');
    if (warnings > 0) this.#except(path, 'warning', `${warnings}`);
    for (const { key_id: id, status: use, secret } of line.keys) {
      if (use === 'revoked' || use === 'unknown' || secret === 'absent') {
        this.#except(path, 'key', `${id} is ${secret === 'absent' ? 'not here' : use}`);
      }
    }
    const other = this.#streams.get(line.stream_id);
    if (other !== undefined) this.#except(path, 'duplicate', `of ${other}`);
    else this.#streams.set(line.stream_id, path);
  }

  #except(path: string, what: ExceptionKind, detail: string): void {
    if (this.#exceptions.length < MAX_AUDIT_LISTED) this.#exceptions.push({ path, what, detail });
    else this.#exceptionsOmitted += 1;
  }

  #population(): Population | null {
    if (this.#expected === undefined) return null;
    const missing = [...this.#expected].flatMap(([key, run]) => (this.#foundRuns.has(key) ? [] : [run]));
    return {
      expected: this.#expected.size,
      found: this.#foundRuns.size,
      missing: missing.slice(0, MAX_AUDIT_LISTED),
      missing_omitted: Math.max(0, missing.length - MAX_AUDIT_LISTED),
      unexpected: this.#unexpected,
    };
  }
}

/** One sentence for people. */
export function exceptionText({ path, what, detail }: AuditException): string {
  return `${path}: ${EXCEPTIONS[what]}${detail === '' ? '' : ` (${detail})`}`;
}

function runKey({ repository, run_id: run }: ExpectedRun): string {
  return JSON.stringify([repository, run]);
}
