import { Buffer } from 'node:buffer';
import { type RecordReader, UNAUTHENTICATED_RULE } from '../evidence/record-reader.ts';
import { SLOT, slotOf } from '../evidence/slots.ts';
import { CLOCK_TOLERANCE_SECONDS } from '../limits.ts';
import { encodeString } from '../wire/encode.ts';
import type { Decision, RunnerIdentity } from '../wire/messages.ts';
import { type FindingCode, type FindingList, type FindingPlace, NO_PLACE, placeBehind, quoted } from './findings.ts';
import type { RecordObserver, StreamSummary } from './verifier.ts';

/** What evidence must be of: valid evidence of another run, or of a block, is not a pass (design.md section 5.4). */
export interface EvidenceExpectations {
  readonly provider?: string;
  readonly repository?: string;
  readonly ref?: string;
  readonly sha?: string;
  readonly run_id?: string;
  /** The worst decision of the stream. */
  readonly decision?: Decision;
  /** Age of the last record at most. */
  readonly max_age_seconds?: number;
}

const IDENTITY_EXPECTATIONS = [
  'provider',
  'repository',
  'ref',
  'sha',
  'run_id',
] as const satisfies readonly (keyof RunnerIdentity)[];

interface IdentityExpectation {
  readonly code: FindingCode;
  readonly field: string;
  readonly slot: number;
  readonly value: string;
  readonly json: Buffer;
}

/** The records that do not meet one expectation: the first one's place, and how many they are. */
interface Misses {
  readonly place: FindingPlace;
  readonly found: string;
  count: number;
}

interface Worst {
  readonly decision: Decision;
  readonly rank: number;
  readonly place: FindingPlace;
}

/** What the records of a part have to say to the expectations. */
export interface ExpectationPart {
  readonly misses: readonly (readonly [code: FindingCode, misses: Readonly<Misses>])[];
  readonly worst: Worst | undefined;
}

/** Holds every record against the expectations. One expectation gives at most one finding, which names the first record. */
export class ExpectationCheck implements RecordObserver {
  readonly #expectations: EvidenceExpectations;
  readonly #nowMs: number;
  readonly #identity: readonly IdentityExpectation[];
  readonly #misses = new Map<FindingCode, Misses>();
  #worst: Worst | undefined;

  /** @param nowMs Unix milliseconds, for `max_age_seconds` */
  constructor(expectations: EvidenceExpectations, nowMs: number) {
    this.#expectations = expectations;
    this.#nowMs = nowMs;
    this.#identity = IDENTITY_EXPECTATIONS.flatMap((field) => {
      const value = expectations[field];
      const slot = slotOf(`request.runner_auth.identity.${field}`);
      const code = `expectation_${field}` as const;
      return value === undefined ? [] : [{ code, field, slot, value, json: Buffer.from(encodeString(value)) }];
    });
  }

  record({ scan, decision, decisionRank }: RecordReader, place: FindingPlace): void {
    if (scan.is(SLOT.ruleId, UNAUTHENTICATED_RULE)) {
      this.#miss('expectation_authentication', place, '');
    }
    for (const { code, slot, json } of this.#identity) {
      if (!scan.is(slot, json)) {
        this.#miss(code, place, this.#misses.has(code) ? '' : scan.text(slot));
      }
    }
    if (this.#worst === undefined || decisionRank > this.#worst.rank) {
      this.#worst = { decision, rank: decisionRank, place };
    }
  }

  takePart(): ExpectationPart {
    return { misses: [...this.#misses], worst: this.#worst };
  }

  joinPart({ misses, worst }: ExpectationPart, before: FindingPlace): void {
    for (const [code, { place, found, count }] of misses) {
      const known = this.#misses.get(code);
      if (known === undefined) {
        this.#misses.set(code, { place: placeBehind(before, place), found, count });
      } else {
        known.count += count;
      }
    }
    if (worst !== undefined && (this.#worst === undefined || worst.rank > this.#worst.rank)) {
      this.#worst = { ...worst, place: placeBehind(before, worst.place) };
    }
  }

  finish(findings: FindingList, summary: StreamSummary): void {
    if (Object.values(this.#expectations).every((expected) => expected === undefined)) {
      return;
    }
    this.#reportUnauthenticated(findings);
    this.#reportIdentity(findings);
    this.#reportDecision(findings);
    this.#reportAge(findings, summary);
  }

  #miss(code: FindingCode, place: FindingPlace, found: string): void {
    const misses = this.#misses.get(code);
    if (misses === undefined) {
      this.#misses.set(code, { place, found, count: 1 });
    } else {
      misses.count += 1;
    }
  }

  #reportUnauthenticated(findings: FindingList): void {
    const misses = this.#misses.get('expectation_authentication');
    if (misses !== undefined) {
      const message = `the runner of the record was not authenticated${others(misses)}`;
      findings.add('expectation_authentication', misses.place, message);
    }
  }

  #reportIdentity(findings: FindingList): void {
    for (const { code, field, value } of this.#identity) {
      const misses = this.#misses.get(code);
      if (misses !== undefined) {
        const found = misses.found === '' ? 'not given' : quoted(misses.found);
        findings.add(code, misses.place, `${field} is ${found}, expected ${quoted(value)}${others(misses)}`);
      }
    }
  }

  #reportDecision(findings: FindingList): void {
    const { decision } = this.#expectations;
    if (decision !== undefined && this.#worst?.decision !== decision) {
      const found =
        this.#worst === undefined ? 'there is no decision' : `the worst decision is ${this.#worst.decision}`;
      findings.add('expectation_decision', this.#worst?.place ?? NO_PLACE, `${found}, expected ${decision}`);
    }
  }

  #reportAge(findings: FindingList, { last }: StreamSummary): void {
    const maxAge = this.#expectations.max_age_seconds;
    if (maxAge === undefined) {
      return;
    }
    const age = last === undefined ? Number.NaN : (this.#nowMs - last.epochMilliseconds) / 1000;
    // Written so that an age that is no number is not young enough.
    if (!(age <= maxAge && age >= -CLOCK_TOLERANCE_SECONDS)) {
      const found = last === undefined ? 'there is no record' : `the last record is of ${last}`;
      findings.add('expectation_max_age', NO_PLACE, `${found}, expected one of the last ${maxAge} seconds`);
    }
  }
}

function others({ count }: Misses): string {
  return count === 1 ? '' : `, and ${count - 1} more records likewise`;
}
