import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { HmacVerificationKey } from '../../../src/domain/keys/hmac-keys.ts';
import { MAX_RECORD_BYTES, MAX_REPORT_FINDINGS, MAX_REPORT_KEYS } from '../../../src/domain/limits.ts';
import { describeFinding } from '../../../src/domain/verification/report.ts';
import type { SignaturePolicy } from '../../../src/domain/verification/signatures.ts';
import { StreamVerificationRun } from '../../../src/domain/verification/stream-verification.ts';
import { KEY, sealChain, stream, unsealed, VERIFICATION_KEY, verify, WITH_KEY } from '../../support/streams.ts';

const FIVE = sealChain([{}, {}, {}, {}, {}]);

function required(...keys: readonly Partial<HmacVerificationKey>[]): { signatures: SignaturePolicy } {
  return { signatures: { mode: 'required', keys: keys.map((key) => ({ ...VERIFICATION_KEY, ...key })) } };
}

describe('a good stream', () => {
  it('is valid, and its facts are told', () => {
    const bytes = stream(FIVE);
    const { valid, findings, summary, sha256 } = verify(bytes);
    const hashes = FIVE.map((line) => /"record_hash":"([0-9a-f]{64})"/.exec(line)?.[1]);
    expect(valid).toBe(true);
    expect(findings.kept).toEqual([]);
    expect(summary).toMatchObject({
      records: 5,
      signedRecords: 5,
      streamId: hashes[0],
      headHash: hashes[4],
      keys: [{ key_id: 'test-key', records: 5, status: 'active' }],
      signatures: 'checked',
    });
    expect(`${summary.first} ${summary.last}`).toBe('2026-03-04T05:06:07.000000001Z 2026-03-04T05:06:07.000000005Z');
    expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  it('is invalid without a single record', () => {
    expect(verify(Buffer.alloc(0)).codes).toEqual(['empty_stream']);
    expect(verify(Buffer.from('\n')).codes).toEqual(['blank_line', 'empty_stream']);
  });
});

describe('signatures', () => {
  it.each([
    ['of another key', { secret: Buffer.alloc(32, 'x') }, 'signature_mismatch'],
    ['of an unknown id', { id: 'other' }, 'key_unknown'],
    ['before the key’s period', { notBefore: Date.UTC(2026, 2, 4, 5, 6, 8) }, 'key_not_yet_valid'],
    ['after the key’s period', { notAfter: Date.UTC(2026, 2, 4, 5, 6, 7) }, 'key_expired'],
    ['of a revoked key', { status: 'revoked' }, 'key_revoked'],
    // The time in a record is the signer's word: whoever stole the key writes any time he likes.
    ['of a key revoked later', { status: 'revoked', revokedAt: Date.UTC(2027, 0, 1) }, 'key_revoked'],
  ] as const)('%s are invalid', (_name, key, code) => {
    expect(verify(stream(FIVE), required(key)).codes).toEqual(Array(5).fill(code));
  });

  it.each([
    ['a retired key within its period', { status: 'retired', notAfter: Date.UTC(2026, 2, 5) }],
    ['a retiring key', { status: 'retiring', notBefore: Date.UTC(2026, 2, 4, 5, 6, 7) }],
    ['a key without a name', { id: '' }],
  ] as const)('of %s count', (_name, key) => {
    const { valid, summary } = verify(stream(FIVE), required(key));
    expect(valid).toBe(true);
    expect(summary.keys).toEqual([{ key_id: 'test-key', records: 5, status: 'status' in key ? key.status : 'active' }]);
  });

  it('of several keys by id are each checked with their own', () => {
    const [first = ''] = sealChain([{}]);
    const hash = /"record_hash":"(\w+)"/.exec(first)?.[1] ?? '';
    const other = { id: 'second', secret: Buffer.alloc(32, '2') };
    const [, second = ''] = sealChain([{}, {}], other);
    const mixed = stream([first, second]);
    expect(verify(mixed, required({}, other)).codes).toEqual([]);
    expect(verify(mixed, required({}, { ...other, secret: KEY.secret })).codes).toEqual(['signature_mismatch']);
    expect(hash).toHaveLength(64);
  });

  it('under a key without a name may name one id only', () => {
    const renamed = { ...KEY, id: 'renamed' };
    const [first = ''] = sealChain([{}]);
    const [, second = '', third = ''] = sealChain([{}, {}, {}], renamed);
    const { codes, summary } = verify(stream([first, second, third]), required({ id: '' }));
    expect(codes).toEqual(['key_id_changed', 'key_id_changed']);
    expect(summary.keys.map(({ status }) => status)).toEqual(['active', 'unknown']);
  });

  it('may not be missing from one record (weakness rows 1 to 3)', () => {
    const unsigned = sealChain([{}, {}, {}, {}, {}], 'unsigned');
    expect(verify(stream(unsigned)).codes).toEqual(Array(5).fill('signature_missing'));
    const half = [...FIVE.slice(0, 3), ...unsigned.slice(3)];
    expect(verify(stream(half)).codes).toEqual(['signature_missing', 'signature_missing']);
    expect(verify(stream(half), { signatures: { mode: 'integrity-only' } })).toMatchObject({
      valid: true,
      summary: { signatures: 'unchecked', keys: [{ status: 'unchecked', records: 3 }] },
    });
  });

  it('name keys without end, and the report stays small', () => {
    let previousHash = '';
    const lines = Array.from({ length: MAX_REPORT_KEYS + 5 }, (_, index) => {
      const id = `${index}`.padStart(200, '0').split('').reverse().join('');
      const [line = ''] = sealChain([{ sequence: BigInt(index + 1), previousHash }], { ...KEY, id });
      previousHash = /"record_hash":"(\w+)"/.exec(line)?.[1] ?? '';
      return line;
    });
    const { summary, codes } = verify(stream(lines));
    expect(new Set(codes)).toEqual(new Set(['key_unknown']));
    expect(summary.keys).toHaveLength(MAX_REPORT_KEYS + 1);
    expect(summary.keys.at(-1)).toEqual({ key_id: '', records: 5, status: 'others' });
    expect(summary.keys[0]?.key_id).toHaveLength(128);
  });
});

describe('the chain', () => {
  it.each([
    ['first record removed', FIVE.slice(1), ['1 sequence_mismatch']],
    ['middle record removed', [...FIVE.slice(0, 2), ...FIVE.slice(3)], ['3 sequence_mismatch']],
    ['record repeated', [...FIVE.slice(0, 3), ...FIVE.slice(2)], ['4 sequence_mismatch']],
    ['broken line', [...FIVE.slice(0, 2), '{}', ...FIVE.slice(3)], ['3 non_canonical']],
    ['broken line inserted', [...FIVE.slice(0, 2), '{}', ...FIVE.slice(2)], ['3 non_canonical']],
    [
      'two broken lines inserted',
      [...FIVE.slice(0, 2), '{}', '{}', ...FIVE.slice(2)],
      ['3 non_canonical', '4 non_canonical'],
    ],
    ['blank line inserted', [...FIVE.slice(0, 2), '', ...FIVE.slice(2)], ['0 blank_line']],
    ['more removed than broken', ['{}', ...FIVE.slice(3)], ['1 non_canonical', '2 sequence_mismatch']],
    ['carriage returns', FIVE.map((line) => `${line}\r`), FIVE.map((_, index) => `${index + 1} non_canonical`)],
  ])('%s', (_name, lines, expected) => {
    const { findings } = verify(stream(lines));
    const found = findings.kept.filter(({ code }) => code !== 'time_backwards');
    expect(found.map(({ record, code }) => `${record} ${code}`)).toEqual(expected);
  });

  it('notices a record of another stream in the right place', () => {
    const other = sealChain([{ timestamp: '2026-03-04T05:06:06Z' }, {}, {}]);
    const { findings } = verify(stream([...FIVE.slice(0, 2), ...other.slice(2)]));
    expect(findings.kept.map(describeFinding)).toEqual([
      `record 3 (line 3, byte ${stream(FIVE.slice(0, 2)).length}): previous_hash is not the hash of the record before`,
    ]);
  });

  it('warns of times that go backwards', () => {
    const lines = sealChain([{ timestamp: '2026-03-04T05:06:07.5Z' }, { timestamp: '2026-03-04T05:06:07.49Z' }, {}]);
    const { valid, findings } = verify(stream(lines));
    expect(valid).toBe(true);
    expect(findings.kept.map(({ record, code, severity }) => `${record} ${code} ${severity}`)).toEqual([
      '2 time_backwards warning',
      '3 time_backwards warning',
    ]);
  });

  it('says that a last line was torn', () => {
    const bytes = stream(FIVE);
    for (const kept of [bytes.length - 2, bytes.length - 200, bytes.indexOf('\n') + 2]) {
      const { codes } = verify(bytes.subarray(0, kept));
      expect(codes).toEqual(['torn_line']);
    }
  });
});

describe('size', () => {
  it('counts findings beyond the limit (weakness row 33)', () => {
    const lines = Array.from({ length: MAX_REPORT_FINDINGS * 3 }, () => '{}');
    const { findings } = verify(stream(lines));
    expect(findings.kept).toHaveLength(MAX_REPORT_FINDINGS);
    expect(findings.errorCount).toBe(lines.length);
    expect(findings.omitted).toBe(lines.length - MAX_REPORT_FINDINGS);
  });

  it('keeps errors rather than warnings', () => {
    const times = Array.from({ length: MAX_REPORT_FINDINGS + 10 }, (_, index) => ({
      timestamp: `${9000 - index}-03-04T05:06:07Z`,
    }));
    const { findings } = verify(stream([...sealChain(times), '{}']));
    expect(findings.kept).toHaveLength(MAX_REPORT_FINDINGS);
    expect(findings.kept.at(-1)?.code).toBe('non_canonical');
    expect(findings.omitted).toBe(10);
  });

  it('verifies a record of 16 MiB, and not one byte more (weakness row 9)', () => {
    const ofLength = (bytes: number): string => {
      const [empty = ''] = sealChain([{ request: {} }]);
      const overhead = '"target":""'.length;
      const [line = ''] = sealChain([{ request: { target: 'x'.repeat(bytes - empty.length - overhead) } }]);
      expect(line).toHaveLength(bytes);
      return line;
    };
    expect(verify(stream([ofLength(MAX_RECORD_BYTES)])).codes).toEqual([]);
    expect(verify(stream([ofLength(MAX_RECORD_BYTES + 1)])).codes).toEqual(['line_too_long']);
  });

  it('takes lines of many escapes and list items', () => {
    const lists = sealChain([{ request: { release_governance: { evidence_refs: Array(200_000).fill('<a>') } } }]);
    const escapes = sealChain([{ request: { target: '\u2028\u0001é'.repeat(300_000) } }]);
    for (const lines of [lists, escapes]) {
      expect(verify(stream(lines)).codes).toEqual([]);
    }
  });

  it('holds no more than a line of a stream without line ends', () => {
    const run = new StreamVerificationRun(WITH_KEY);
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    global.gc?.();
    const before = process.memoryUsage().arrayBuffers;
    for (let index = 0; index < 64; index += 1) {
      run.write(chunk);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(48 * 1024 * 1024);
    run.write(Buffer.from(`\n${FIVE[0]}`));
    const { findings, summary } = run.finish();
    expect(findings.kept.map(({ code, line, offset }) => [code, line, offset])).toEqual([
      ['line_too_long', 1, 0],
      ['final_line_end_missing', 2, 64 * 1024 * 1024 + 1],
    ]);
    expect(summary.records).toBe(2);
  });
});

describe('messages', () => {
  it('quote hostile values in printable ASCII, cut', () => {
    const id = `\u001b[31m\u202e"${'x'.repeat(1000)}`;
    const [line = ''] = sealChain([unsealed(1, '')], { ...KEY, id });
    const [finding] = verify(stream([line])).findings.kept;
    expect(finding?.message).toMatch(/^no key with the id "\\u001b\[31m\\u202e\\"x{50,60}…" was given$/);
  });
});
