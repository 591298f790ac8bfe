import { createHmac } from 'node:crypto';
import { RuntimeFailure } from '../diagnosis.ts';
import type { HmacSigningKey } from '../keys/hmac-keys.ts';
import { encodeString } from '../wire/encode.ts';
import { OUTCOME_SCHEMA_VERSION, type Outcome, type OutcomeSignature } from './outcome.ts';

/** An outcome before it is signed. */
export type UnsignedOutcome = Omit<Outcome, 'signature'>;

/** The line of an outcome with its line end, signed by the evidence key where there is one. */
export function outcomeLine(outcome: UnsignedOutcome, key: HmacSigningKey | undefined): string {
  return `${encodeOutcome({ ...outcome, signature: key === undefined ? null : sign(outcome, key) })}\n`;
}

/** The line without its line end: canonical JSON, spelled as the lines of the stream are. */
export function encodeOutcome(outcome: Outcome): string {
  return canonical(outcome);
}

/** What the signature covers: the schema version, a line feed, and the line as it is without its signature. */
export function outcomeMac(outcome: UnsignedOutcome, secret: Uint8Array): string {
  const { signature: _signature, ...unsigned } = outcome as UnsignedOutcome & { readonly signature?: unknown };
  return createHmac('sha256', secret)
    .update(`${OUTCOME_SCHEMA_VERSION}\n${canonical(unsigned)}`)
    .digest('hex');
}

function sign(outcome: UnsignedOutcome, { id, secret }: HmacSigningKey): OutcomeSignature {
  return { algorithm: 'HMAC-SHA256', key_id: id, value: outcomeMac(outcome, secret) };
}

/** Members in the order that they have; no white space. */
function canonical(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return encodeString(value);
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object') throw new RuntimeFailure('CAVRA-E599', `an outcome holds a ${typeof value}`);
  return `{${Object.entries(value)
    .map(([name, member]) => `${encodeString(name)}:${canonical(member)}`)
    .join(',')}}`;
}
