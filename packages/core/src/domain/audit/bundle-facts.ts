import { type RecordReader, UNAUTHENTICATED_RULE } from '../evidence/record-reader.ts';
import { SLOT } from '../evidence/slots.ts';
import type { RecordObserver } from '../verification/verifier.ts';
import type { Decision, RunnerIdentity } from '../wire/messages.ts';

/** Gathers what an audit tells of a bundle, while its stream is verified. */
export class BundleFacts implements RecordObserver {
  /** Of the first record that names a runner. */
  identity: RunnerIdentity = {};
  decision: Decision | '' = '';
  ruleId = '';
  unauthenticated = 0;
  #rank = -1;

  record(record: RecordReader): void {
    const { scan, decision, decisionRank } = record;
    if (scan.has(SLOT.identity) && Object.keys(this.identity).length === 0) {
      // Held against the grammar: an object of strings without duplicate or unknown members.
      this.identity = JSON.parse(scan.json(SLOT.identity)) as RunnerIdentity;
    }
    this.unauthenticated += scan.is(SLOT.ruleId, UNAUTHENTICATED_RULE) ? 1 : 0;
    if (decisionRank > this.#rank) {
      this.#rank = decisionRank;
      this.decision = decision;
      this.ruleId = scan.text(SLOT.ruleId);
    }
  }

  finish(): void {}
}
