import type { Buffer } from 'node:buffer';
import { constructed, Der, DerError, primitive, TAG } from '../der/der.ts';

/** What an authority says (TSTInfo, RFC 3161 section 2.4.2). */
export interface TimestampInfo {
  /** Object identifier of the digest of what was stamped, and that digest. */
  readonly imprintAlgorithm: string;
  readonly imprint: Buffer;
  /** Unix milliseconds. */
  readonly timeMs: number;
  /** By how many milliseconds the time may be wrong, as the authority says; 0: it says nothing. */
  readonly accuracyMs: number;
}

/** @throws DerError */
export function readTimestampInfo(bytes: Uint8Array): TimestampInfo {
  const info = Der.read(bytes).expect(TAG.sequence).elements();
  if (info.next(TAG.integer).count() !== 1) throw new DerError('the version of the time is not 1');
  info.next(TAG.oid);
  const imprint = info.next(TAG.sequence).elements();
  const imprintAlgorithm = imprint.next(TAG.sequence).elements().next(TAG.oid).oid();
  const digest = imprint.next(TAG.octetString).content;
  imprint.end();
  info.next(TAG.integer);
  const timeMs = info.next(TAG.generalizedTime).time();
  const accuracyMs = readAccuracy(info.optional(TAG.sequence));
  info.optional(TAG.boolean);
  info.optional(TAG.integer);
  info.optional(constructed(0));
  refuseCriticalExtensions(info.optional(constructed(1)));
  info.end();
  return { imprintAlgorithm, imprint: digest, timeMs, accuracyMs };
}

function readAccuracy(accuracy: Der | undefined): number {
  if (accuracy === undefined) return 0;
  const parts = accuracy.elements();
  const seconds = parts.optional(TAG.integer)?.count() ?? 0;
  const millis = parts.optional(primitive(0))?.count() ?? 0;
  const micros = parts.optional(primitive(1))?.count() ?? 0;
  parts.end();
  return seconds * 1000 + millis + Math.ceil(micros / 1000);
}

function refuseCriticalExtensions(extensions: Der | undefined): void {
  for (const extension of extensions?.elements().rest() ?? []) {
    const parts = extension.expect(TAG.sequence).elements();
    parts.next(TAG.oid);
    if (parts.optional(TAG.boolean)?.boolean() === true)
      throw new DerError('the time has an extension that is critical');
  }
}
