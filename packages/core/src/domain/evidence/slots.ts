import { EVIDENCE_RECORD, type StructLayout } from '../wire/layout.ts';

/** Every member of an evidence record has a number, its slot, under which its range in a line is kept. */

const slotsByPath = new Map<string, number>();
assignSlots(EVIDENCE_RECORD, '');

function assignSlots(layout: StructLayout, prefix: string): void {
  for (const { name, type } of layout.fields) {
    slotsByPath.set(`${prefix}${name}`, slotsByPath.size);
    if (typeof type === 'object') {
      assignSlots(type, `${prefix}${name}.`);
    }
  }
}

export const SLOT_COUNT = slotsByPath.size;

/** The slot of the member at `path`, for example `request.runner_auth.identity.repository`. */
export function slotOf(path: string): number {
  const slot = slotsByPath.get(path);
  if (slot === undefined) {
    throw new TypeError(`no member ${path} in an evidence record`);
  }
  return slot;
}

/** Slots of the members that a verifier looks at. */
export const SLOT = {
  schemaVersion: slotOf('schema_version'),
  product: slotOf('product'),
  eventType: slotOf('event_type'),
  recordId: slotOf('record_id'),
  sequence: slotOf('sequence'),
  previousHash: slotOf('previous_hash'),
  recordHash: slotOf('record_hash'),
  timestamp: slotOf('timestamp'),
  runnerAuth: slotOf('request.runner_auth'),
  identity: slotOf('request.runner_auth.identity'),
  response: slotOf('response'),
  decision: slotOf('response.decision'),
  ruleId: slotOf('response.rule_id'),
  signature: slotOf('signature'),
  signatureAlgorithm: slotOf('signature.algorithm'),
  signatureKeyId: slotOf('signature.key_id'),
  signatureValue: slotOf('signature.value'),
} as const;

/** Not a place in a line: the member is absent. */
export const NOWHERE = -1;

/** Where the members of one line stand: first byte of the value, quotes included, and the byte after it. */
export class MemberRanges {
  readonly starts = new Int32Array(SLOT_COUNT).fill(NOWHERE);
  readonly ends = new Int32Array(SLOT_COUNT).fill(NOWHERE);

  set(slot: number, start: number, end: number): void {
    this.starts[slot] = start;
    this.ends[slot] = end;
  }

  clear(): void {
    this.starts.fill(NOWHERE);
    this.ends.fill(NOWHERE);
  }
}
