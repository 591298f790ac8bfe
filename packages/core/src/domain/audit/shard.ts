import { createHash } from 'node:crypto';
import { ConfigurationError } from '../diagnosis.ts';
import { MAX_AUDIT_SHARDS } from '../limits.ts';
import type { Shard } from './audit-lines.ts';

export const WHOLE: Shard = { index: 1, total: 1 };

/**
 * Reads `I/N`.
 *
 * @throws ConfigurationError CAVRA-E217
 */
export function parseShard(text: string): Shard {
  const match = /^([1-9][0-9]{0,5})\/([1-9][0-9]{0,5})$/.exec(text);
  const [index, total] = [Number(match?.[1]), Number(match?.[2])];
  if (!(index <= total && total <= MAX_AUDIT_SHARDS)) {
    const message = `audit: --shard must be I/N, I from 1 to N, N at most ${MAX_AUDIT_SHARDS}`;
    throw new ConfigurationError('CAVRA-E217', message);
  }
  return { index, total };
}

/**
 * Whether a bundle belongs to a shard. It depends on the bundle's path alone, so that machines that see the same folder divide it alike
 * whatever else they find.
 */
export function isInShard(path: string, { index, total }: Shard): boolean {
  const digest = createHash('sha256').update(path).digest();
  return digest.readUIntBE(0, 6) % total === index - 1;
}
