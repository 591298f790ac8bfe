import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { StreamVerificationRun } from '../../../src/domain/verification/stream-verification.ts';
import { naiveMac, naiveParse } from '../../support/naive-evidence.ts';
import { KEY, sealChain, stream, verify, WITH_KEY } from '../../support/streams.ts';

const LINES = sealChain([{}, { response: { decision: 'block', rule_id: 'a\bé' } }]);
/** As short as two records can be: it is verified some 300,000 times. */
const SHORT = sealChain([
  { request: {}, response: { decision: 'allow' } },
  { request: {}, response: { decision: 'block' } },
]);
const STREAM = stream(SHORT);

/** Changes that the format allows: the letter case of a signature's hex, and a lost final line end. */
const SIGNATURES = SHORT.map((line) => {
  const { signature } = naiveParse(line);
  const value = (signature as { value: string }).value;
  const start = STREAM.indexOf(value);
  return [start, start + value.length] as const;
});

function inSignature(offset: number): boolean {
  return SIGNATURES.some(([start, end]) => offset >= start && offset < end);
}

function isCaseOfHex(offset: number, byte: number): boolean {
  const before = String.fromCharCode(STREAM[offset] ?? 0);
  return inSignature(offset) && /[a-f]/.test(before) && before.toUpperCase() === String.fromCharCode(byte);
}

function splice(offset: number, deleted: number, inserted: readonly number[]): Buffer {
  return Buffer.concat([STREAM.subarray(0, offset), Buffer.from(inserted), STREAM.subarray(offset + deleted)]);
}

describe('every single-byte change of a signed stream', () => {
  it('is invalid, in either direction and to any byte', () => {
    expect(verify(STREAM).valid).toBe(true);
    const accepted: string[] = [];
    for (let offset = 0; offset < STREAM.length; offset += 1) {
      for (let byte = 0; byte < 256; byte += 1) {
        if (byte !== STREAM[offset] && verify(splice(offset, 1, [byte])).valid && !isCaseOfHex(offset, byte)) {
          accepted.push(`${offset} -> ${byte}`);
        }
      }
    }
    expect(accepted).toEqual([]);
  });

  it('accepts a signature in capitals', () => {
    const [[start, end]] = SIGNATURES as [readonly [number, number]];
    const capitals = STREAM.subarray(start, end).toString().toUpperCase();
    expect(verify(splice(start, end - start, [...Buffer.from(capitals)])).valid).toBe(true);
  });

  it('is invalid when a byte is deleted, save for the final line end', () => {
    const accepted = Array.from(STREAM.keys()).filter((offset) => verify(splice(offset, 1, [])).valid);
    expect(accepted).toEqual([STREAM.length - 1]);
    const { codes, valid } = verify(STREAM.subarray(0, -1));
    expect({ codes, valid }).toEqual({ codes: ['final_line_end_missing'], valid: true });
  });

  it('is invalid when a byte is inserted', () => {
    const accepted: string[] = [];
    for (let offset = 0; offset <= STREAM.length; offset += 1) {
      for (const byte of [0x00, 0x0a, 0x20, 0x22, 0x30, 0x61, 0x7d, 0xff, STREAM[offset] ?? 0x0d]) {
        if (verify(splice(offset, 0, [byte])).valid) {
          accepted.push(`${offset} + ${byte}`);
        }
      }
    }
    expect(accepted).toEqual([]);
  });
});

/** Hashes and signs a changed line again, as whoever holds the key could: the bytes are then wrong in nothing but their form. */
function reseal(body: string, previousHash = ''): string {
  const hash = createHash('sha256').update(body).digest('hex');
  const withHash = body.replace(/,\s*"timestamp"/, `,"record_hash":"${hash}"$&`);
  const value = naiveMac(KEY, previousHash, hash);
  return `${withHash.slice(0, withHash.lastIndexOf('}'))},"signature":{"algorithm":"HMAC-SHA256","key_id":"${KEY.id}","value":"${value}"}}`;
}

const BODY = (LINES[0] ?? '').replace(/,"record_hash":"[0-9a-f]{64}"/, '').replace(/,"signature":\{[^}]*\}/, '');

describe('lines that are hashed and signed well, but not canonical', () => {
  it('are made well: the unchanged line is valid', () => {
    const line = reseal(BODY);
    expect(line).toBe(LINES[0]);
    expect(verify(stream([line])).valid).toBe(true);
  });

  const member = (from: string, to: string) => [from, to] as const;
  it.each([
    ['duplicate member', member('"decision":"allow"', '"decision":"block","decision":"allow"')],
    ['duplicate member at the end', member('"]}}', '"],"decision":"block"}}')],
    ['duplicate object', member('"response":{', '"response":{"decision":"block"},"response":{')],
    ['unknown member', member('"decision":', '"approved":"yes","decision":')],
    ['unknown member on top', member('"timestamp":', '"note":"x","timestamp":')],
    ['member in other case', member('"decision":', '"Decision":')],
    ['escaped member name', member('"decision":', '"d\\u0065cision":')],
    ['reordered members', member('"decision":"allow","severity":"low"', '"severity":"low","decision":"allow"')],
    [
      'reordered members on top',
      member(
        '"product":"CAVRA","event_type":"cavra.go_daemon.decision"',
        '"event_type":"cavra.go_daemon.decision","product":"CAVRA"',
      ),
    ],
    ['white space after a colon', member('"decision":', '"decision": ')],
    ['white space after a comma', member(',"severity"', ', "severity"')],
    ['white space before the brace', member('{"schema', '{ "schema')],
    ['escaped letter', member('"allow"', '"\\u0061llow"')],
    ['upper-case escape', member('\\u003c', '\\u003C')],
    ['unescaped <', member('\\u003c', '<')],
    ['unescaped &', member('\\u0026', '&')],
    ['escaped slash', member('go-daemon-evidence://', 'go-daemon-evidence:\\/\\/')],
    ['\\u000a for \\n', member('"prod ', '"prod \\u000a')],
    ['\\u0022 for \\"', member('"prod ', '"prod \\u0022')],
    ['escaped DEL', member('"prod ', '"prod \\u007f')],
    ['escaped U+FFFD', member('"prod ', '"prod \\ufffd')],
    ['raw U+2028', member('"prod ', '"prod \u2028')],
    ['raw control', member('"prod ', '"prod \u0001')],
    ['empty string', member('"action_type"', '"actor":"","action_type"')],
    ['zero', member('"approval_required_count":2', '"approval_required_count":0')],
    ['negative zero', member('"approval_required_count":2', '"approval_required_count":-0')],
    ['leading zero', member('"approval_required_count":2', '"approval_required_count":02')],
    ['plus sign', member('"approval_required_count":2', '"approval_required_count":+2')],
    ['fraction', member('"approval_required_count":2', '"approval_required_count":2.0')],
    ['exponent', member('"approval_required_count":2', '"approval_required_count":2e0')],
    ['beyond int64', member('"approval_required_count":2', '"approval_required_count":9223372036854775808')],
    ['below int64', member('"approval_required_count":2', '"approval_required_count":-9223372036854775809')],
    ['string for integer', member('"approval_required_count":2', '"approval_required_count":"2"')],
    ['null', member('"approval_required_count":2', '"approval_required_count":null')],
    ['false', member('"approval_required_count":2', '"approval_required_count":2,"delivery_success":false')],
    ['empty list', member('"approval_required_count":2', '"approval_required_count":2,"failed_providers":[]')],
    ['null in a list', member('"evidence_refs":[', '"evidence_refs":[null,')],
    ['comma at the end of a list', member('"]', '",]')],
    ['comma at the end of an object', member('"]}}', '"],}}')],
    ['comma at the start of an object', member('"response":{', '"response":{,')],
    ['object for string', member('"severity":"low"', '"severity":{}')],
    ['deep nesting', member('"severity":"low"', `"severity":${'['.repeat(100_000)}`)],
    ['second record', member('"]}}', '"]}}{}')],
    ['missing member', member('"product":"CAVRA",', '')],
  ])('%s', (_name, [from, to]) => {
    expect(BODY).toContain(from);
    const { codes } = verify(stream([reseal(BODY.replace(from, to))]));
    expect(codes).toEqual(['non_canonical']);
  });

  it.each([
    ['schema version', member('evidence.v1', 'evidence.v2')],
    ['product', member('"CAVRA"', '"cavra"')],
    ['event type', member('cavra.go_daemon.decision', 'cavra.go_daemon.probe')],
    [
      'record id in capitals',
      member('"record_id":"000000000000000000000001"', '"record_id":"00000000000000000000000A"'),
    ],
    ['short record id', member('"record_id":"0', '"record_id":"')],
    ['sequence 0', member('"sequence":1', '"sequence":0')],
    ['negative sequence', member('"sequence":1', '"sequence":-1')],
    ['huge sequence', member('"sequence":1', '"sequence":9007199254740993')],
    ['another decision', member('"decision":"allow"', '"decision":"Allow"')],
    ['no decision', member('"decision":"allow",', '')],
    ...[
      '2026-03-04T05:06:07+00:00',
      '2026-03-04t05:06:07Z',
      '2026-03-04 05:06:07Z',
      '2026-03-04T05:06:07z',
      '2026-03-04T05:06:60Z',
      '2026-03-04T24:00:00Z',
      '2026-03-04T05:60:00Z',
      '2026-02-29T05:06:07Z',
      '2026-13-04T05:06:07Z',
      '2026-00-04T05:06:07Z',
      '2026-03-00T05:06:07Z',
      '2026-04-31T05:06:07Z',
      '2026-03-04T05:06:07.Z',
      '2026-03-04T05:06:07.10Z',
      '2026-03-04T05:06:07.0Z',
      '2026-03-04T05:06:07.1234567891Z',
      '2026-03-04T05:06Z',
      '12026-03-04T05:06:07Z',
      '-026-03-04T05:06:07Z',
      '2026-03-04T05:06:07,5Z',
      '',
    ].map((time) => [`time ${time}`, member('2026-03-04T05:06:07.000000001Z', time)] as const),
  ])('%s is a value that no record has', (_name, [from, to]) => {
    expect(BODY).toContain(from);
    const { codes } = verify(stream([reseal(BODY.replace(from, to))]));
    expect(codes).toEqual(['value_not_allowed']);
  });

  it.each(['2024-02-29T05:06:07Z', '2000-02-29T00:00:00Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999999Z'])(
    'the time %s is one',
    (time) => {
      const { valid, summary } = verify(stream([reseal(BODY.replace('2026-03-04T05:06:07.000000001Z', time))]));
      expect(valid).toBe(true);
      expect(summary.last?.toString()).toBe(time);
    },
  );

  it('accepts backspace and form feed in both spellings (weakness row 34)', () => {
    for (const text of ['\\b\\f', '\\u0008\\u000c', '\\u0008\\f']) {
      expect(verify(stream([reseal(BODY.replace('"prod ', `"prod ${text}`))])).valid).toBe(true);
    }
  });

  it.each([
    ['invalid lead', [0xff]],
    ['lone continuation', [0x80]],
    ['cut sequence', [0xe2, 0x82]],
    ['overlong two', [0xc0, 0xaf]],
    ['overlong three', [0xe0, 0x80, 0xaf]],
    ['overlong four', [0xf0, 0x80, 0x80, 0xaf]],
    ['surrogate', [0xed, 0xa0, 0x80]],
    ['beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
    ['five bytes', [0xf8, 0x88, 0x80, 0x80, 0x80]],
  ])('ill-formed UTF-8: %s', (_name, bytes) => {
    const line = LINES[0] ?? '';
    const at = line.indexOf('"prod ') + 1;
    const changed = Buffer.concat([
      Buffer.from(line.slice(0, at)),
      Buffer.from(bytes),
      Buffer.from(`${line.slice(at)}\n`),
    ]);
    const { codes, findings } = verify(changed);
    expect(codes).toEqual(['non_canonical']);
    expect(findings.kept[0]?.offset).toBe(at);
  });
});

describe('a stream in pieces', () => {
  it('is the same however it is cut', () => {
    const bytes = stream(LINES);
    const whole = verify(bytes);
    for (const size of [1, 2, 3, 7, 64, 1000, bytes.length]) {
      const run = new StreamVerificationRun(WITH_KEY);
      for (let start = 0; start < bytes.length; start += size) {
        const chunk = Buffer.from(bytes.subarray(start, start + size));
        run.write(chunk);
        chunk.fill(0);
      }
      const { summary, sha256 } = run.finish();
      expect({ summary, sha256 }).toEqual({ summary: whole.summary, sha256: whole.sha256 });
    }
  });
});
