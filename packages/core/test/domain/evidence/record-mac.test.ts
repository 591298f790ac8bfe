import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { recordMac } from '../../../src/domain/evidence/record.ts';
import { RecordMac } from '../../../src/domain/evidence/record-mac.ts';

describe('RecordMac', () => {
  it.each([0, 1, 31, 32, 33, 63, 64, 65, 127, 128, 129, 4096])('is HMAC-SHA256 with a key of %d bytes', (size) => {
    for (const secret of [randomBytes(size), Buffer.alloc(size, 0xff), Buffer.alloc(size)]) {
      const mac = new RecordMac(secret);
      let previous = '';
      // With a first record again behind others: nothing of a longer message may be left over.
      for (const start of [true, false, false, true, false]) {
        const hash = randomBytes(32).toString('hex');
        previous = start ? '' : previous;
        expect(mac.of(previous, hash).toString('hex')).toBe(recordMac(secret, previous, hash).toString('hex'));
        previous = hash;
      }
    }
  });
});
