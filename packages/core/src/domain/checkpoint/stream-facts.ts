import { Buffer } from 'node:buffer';
import { type RecordReader, SLOT, UNAUTHENTICATED_RULE } from '../evidence/record-reader.ts';
import { HASH_BYTES, MerkleTree } from '../merkle/merkle.ts';
import type { RecordObserver } from '../verification/verifier.ts';
import type { Decision } from '../wire/messages.ts';

/** What records decided; plain data. */
export interface DecisionFacts {
  /** The worst decision; `block` when there is no record. */
  readonly decision: Decision;
  /** 0 allow to 2 block; -1: no record. */
  readonly rank: number;
  /** The rule of the first record with the worst decision. */
  readonly ruleId: string;
  /** Records whose runner was not authenticated. */
  readonly unauthenticated: number;
}

const NO_DECISIONS: DecisionFacts = { decision: 'block', rank: -1, ruleId: '', unauthenticated: 0 };

/** The facts of records and of one record behind them, or of some more. */
function withDecision(facts: DecisionFacts, { scan, decision, decisionRank }: RecordReader): DecisionFacts {
  const isRefusal = scan.is(SLOT.ruleId, UNAUTHENTICATED_RULE);
  if (decisionRank <= facts.rank && !isRefusal) return facts;
  const ruleId = scan.text(SLOT.ruleId);
  return withDecisions(facts, { decision, rank: decisionRank, ruleId, unauthenticated: isRefusal ? 1 : 0 });
}

function withDecisions(facts: DecisionFacts, later: DecisionFacts): DecisionFacts {
  const unauthenticated = facts.unauthenticated + later.unauthenticated;
  return { ...(later.rank > facts.rank ? later : facts), unauthenticated };
}

/** Gathers what a checkpoint says of a stream, while the stream is verified. */
export class StreamFacts implements RecordObserver {
  /** Its leaves are the 32 bytes of each `record_hash`. */
  readonly tree = new MerkleTree();
  readonly #leaf = Buffer.alloc(HASH_BYTES);
  #decisions = NO_DECISIONS;

  record(record: RecordReader): void {
    // A record without a whole hash is a finding of its own; the leaf is then as short.
    const bytes = this.#leaf.write(record.recordHash, 'hex');
    this.tree.append(this.#leaf.subarray(0, bytes));
    this.#decisions = withDecision(this.#decisions, record);
  }

  joinPart({ leaves, decisions }: PartFacts): void {
    for (let start = 0; start < leaves.length; start += HASH_BYTES) {
      this.tree.append(leaves.subarray(start, start + HASH_BYTES));
    }
    this.#decisions = withDecisions(this.#decisions, decisions);
  }

  finish(): void {}

  /** The worst decision of the stream; `block` for a stream without records. */
  get decision(): Decision {
    return this.#decisions.decision;
  }

  /** The rule of the first record with the worst decision. */
  get ruleId(): string {
    return this.#decisions.ruleId;
  }

  /** Records whose runner was not authenticated. */
  get unauthenticated(): number {
    return this.#decisions.unauthenticated;
  }
}

/** What the facts of a stream have to know of a part; plain data. */
export interface PartFacts {
  /** 32 bytes for each record. */
  readonly leaves: Uint8Array;
  readonly decisions: DecisionFacts;
}

/** Gathers the facts of a part that is verified apart from its stream. */
export class PartFactsCollector implements RecordObserver {
  #leaves = Buffer.alloc(1024 * HASH_BYTES);
  #length = 0;
  #decisions = NO_DECISIONS;

  record(record: RecordReader): void {
    if (this.#length === this.#leaves.length) {
      this.#leaves = Buffer.concat([this.#leaves, Buffer.alloc(this.#length)]);
    }
    this.#length += this.#leaves.write(record.recordHash, this.#length, 'hex');
    this.#decisions = withDecision(this.#decisions, record);
  }

  finish(): void {}

  takePart(): PartFacts {
    return { leaves: this.#leaves.subarray(0, this.#length), decisions: this.#decisions };
  }
}
