import { createHash } from 'node:crypto';
import { type RecordReader, SLOT, UNAUTHENTICATED_RULE } from '../evidence/record-reader.ts';
import {
  MAX_STORY_FIRST_RECORDS,
  MAX_STORY_KEY_SPANS,
  MAX_STORY_LAST_RECORDS,
  MAX_STORY_REFUSALS,
  MAX_STORY_RULES,
  MAX_STORY_RUNNERS,
} from '../limits.ts';
import type { FindingPlace } from '../verification/findings.ts';
import type { RecordObserver } from '../verification/verifier.ts';
import type { Decision } from '../wire/messages.ts';
import { RecordBuckets } from './buckets.ts';
import { cut, deferredGlimpse, readRecord } from './glimpse.ts';
import type { KeySpan, RecordGlimpse, RuleUse, RunnerUse, StreamStory } from './stream-shape.ts';

type Growing<T> = { -readonly [Member in keyof T]: T[Member] };

/** Reads along while a stream is verified, and remembers what a report for people shows. Constant memory, whatever the stream. */
export class StreamStoryteller implements RecordObserver {
  readonly #decisions: Record<Decision, number> = { allow: 0, require_approval: 0, block: 0 };
  readonly #buckets = new RecordBuckets();
  readonly #rules = new Map<string, Growing<RuleUse>>();
  readonly #runners = new Map<string, Growing<RunnerUse>>();
  readonly #keySpans: Growing<KeySpan>[] = [];
  readonly #first: RecordGlimpse[] = [];
  readonly #refusals: RecordGlimpse[] = [];
  readonly #last: { readonly glimpse: () => RecordGlimpse; readonly refusal: boolean }[] = [];
  #otherRules = 0;
  #otherRunners = 0;
  #unauthenticated = 0;

  record(record: RecordReader, place: FindingPlace): void {
    const refused = record.scan.is(SLOT.ruleId, UNAUTHENTICATED_RULE);
    this.#decisions[record.decision] += 1;
    this.#unauthenticated += refused ? 1 : 0;
    this.#buckets.add(place.record, record.decision, record.time.epochMilliseconds);
    this.#countRule(record, place);
    this.#countRunner(record, place, refused);
    this.#extendKeySpan(record, place.record);
    this.#keep(record, place);
  }

  finish(): void {
    // What is wrong is for the verifier to find; this only tells.
  }

  story(): StreamStory {
    const { allow, require_approval: waiting, block } = this.#decisions;
    return {
      readable: allow + waiting + block,
      decisions: { ...this.#decisions },
      unauthenticated: this.#unauthenticated,
      rules: [...this.#rules.values()],
      otherRules: this.#otherRules,
      runners: [...this.#runners.values()],
      otherRunners: this.#otherRunners,
      keySpans: this.#keySpans,
      buckets: this.#buckets.list(),
      glimpses: [...this.#first, ...this.#refusals, ...this.#last.map(({ glimpse }) => glimpse())],
    };
  }

  #countRule(record: RecordReader, place: FindingPlace): void {
    const name = nameOf(`${record.decision} ${record.scan.json(SLOT.ruleId)}`);
    const known = this.#rules.get(name);
    if (known !== undefined) {
      known.records += 1;
    } else if (this.#rules.size >= MAX_STORY_RULES) {
      this.#otherRules += 1;
    } else {
      const { response } = readRecord(record.scan.line);
      this.#rules.set(name, {
        ruleId: cut(response.rule_id),
        decision: record.decision,
        records: 1,
        firstRecord: place.record,
        severity: cut(response.severity),
        reason: cut(response.reason),
      });
    }
  }

  #countRunner(record: RecordReader, place: FindingPlace, refused: boolean): void {
    const name = nameOf(record.scan.json(SLOT.identity));
    const known = this.#runners.get(name);
    if (known !== undefined) {
      known.records += 1;
      known.unauthenticated += refused ? 1 : 0;
    } else if (this.#runners.size >= MAX_STORY_RUNNERS) {
      this.#otherRunners += 1;
    } else {
      const proof = readRecord(record.scan.line).request.runner_auth;
      const identity = Object.entries(proof?.identity ?? {}).map(([field, value]) => [field, cut(value)]);
      this.#runners.set(name, {
        identity: Object.fromEntries(identity),
        proof: cut(proof?.algorithm),
        keyId: cut(proof?.key_id),
        records: 1,
        firstRecord: place.record,
        unauthenticated: refused ? 1 : 0,
      });
    }
  }

  #extendKeySpan(record: RecordReader, number: number): void {
    const key = record.scan.has(SLOT.signature) ? { id: cut(record.scan.text(SLOT.signatureKeyId)) } : 'unsigned';
    const span = this.#keySpans.at(-1);
    if (span !== undefined && (span.key === 'mixed' || sameKey(span.key, key))) {
      span.to = number;
    } else if (span !== undefined && this.#keySpans.length >= MAX_STORY_KEY_SPANS) {
      span.key = 'mixed';
      span.to = number;
    } else {
      this.#keySpans.push({ from: number, to: number, key });
    }
  }

  /** The first records, the last ones, and some of those between that are refusals. */
  #keep(record: RecordReader, place: FindingPlace): void {
    const glimpse = deferredGlimpse(record, place);
    if (this.#first.length < MAX_STORY_FIRST_RECORDS) {
      this.#first.push(glimpse());
      return;
    }
    this.#last.push({ glimpse, refusal: record.decision !== 'allow' });
    if (this.#last.length <= MAX_STORY_LAST_RECORDS) return;
    const between = this.#last.shift();
    if (between?.refusal && this.#refusals.length < MAX_STORY_REFUSALS) this.#refusals.push(between.glimpse());
  }
}

function sameKey(a: KeySpan['key'], b: KeySpan['key']): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return a.id === b.id;
}

const MAX_NAME_CHARACTERS = 1_000;

/** Stands for a text of any length, without keeping it. */
function nameOf(text: string): string {
  return text.length <= MAX_NAME_CHARACTERS ? text : createHash('sha256').update(text).digest('hex');
}
