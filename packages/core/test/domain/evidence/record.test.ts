import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { sealRecord } from '../../../src/domain/evidence/record.ts';
import type { EvidenceRecord } from '../../../src/domain/wire/messages.ts';
import { type NaiveObject, naiveParse } from '../../support/naive-evidence.ts';

const VECTORS = new URL('../../../../../test/vectors/evidence/', import.meta.url);
const KEY_ONE = { id: 'vec-key-1', secret: Buffer.from('vector-evidence-key-one') };

/** `{$integer}` as bigint: the shape of the product's own types. */
function toWire(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return value;
  }
  if ('$integer' in value) {
    return BigInt(value.$integer as string);
  }
  return Object.fromEntries(Object.entries(value as NaiveObject).map(([name, member]) => [name, toWire(member)]));
}

/** 077 is hashed over an escape that its own verifier rejects. */
const writtenByPeer = readdirSync(VECTORS)
  .filter((name) => name.endsWith('.hashinput.txt') && !name.startsWith('077'))
  .map((name) => name.replace('.hashinput.txt', ''));

describe('sealRecord', () => {
  it.each(writtenByPeer)('writes the records of %s byte for byte', (name) => {
    const lines = readFileSync(new URL(`${name}.jsonl`, VECTORS), 'utf8')
      .split('\n')
      .slice(0, -1);
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      const record = toWire(naiveParse(line)) as EvidenceRecord;
      const key = {
        id: record.signature?.key_id ?? '',
        secret: record.signature?.key_id === 'vec-key-2' ? Buffer.from('vector-evidence-key-two') : KEY_ONE.secret,
      };
      const sealed = sealRecord(
        {
          recordId: record.record_id,
          sequence: record.sequence,
          previousHash: record.previous_hash ?? '',
          timestamp: record.timestamp,
          request: record.request,
          response: record.response,
        },
        record.signature === undefined ? undefined : key,
      );
      expect(sealed.line).toBe(line);
      expect(sealed.record).toEqual(record);
    }
  });
});
