import { createHash, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createSecretSearcher, JWT_NAME, PRIVATE_KEY_NAME } from '../../../src/domain/secrets/searcher.ts';

const JWT = [
  Buffer.from('{"alg":"RS256","typ":"JWT","kid":"k1"}').toString('base64url'),
  Buffer.from('{"iss":"https://token.example","aud":"cavra"}').toString('base64url'),
  Buffer.from('not a real signature, but as long as one would be').toString('base64url'),
].join('.');

/** Deterministic bytes, so that a failure repeats. */
function bytesOf(seed: string, length: number): Buffer {
  let bytes = Buffer.alloc(0);
  for (let round = 0; bytes.length < length; round += 1) {
    bytes = Buffer.concat([bytes, createHash('sha256').update(`${seed} ${round}`).digest()]);
  }
  return bytes.subarray(0, length);
}

function percentAll(bytes: Buffer): string {
  return [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

function escapeAll(text: string): string {
  return [...Array(text.length).keys()]
    .map((index) => `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('');
}

function mixedCase(text: string): string {
  return [...text].map((letter, index) => (index % 3 === 0 ? letter.toUpperCase() : letter)).join('');
}

/** Every way in which one secret text may stand in a file. */
function writings(secret: string): Record<string, string> {
  const bytes = Buffer.from(secret);
  const forms: Record<string, string> = {
    raw: secret,
    'hex, lower case': bytes.toString('hex'),
    'hex, upper case': bytes.toString('hex').toUpperCase(),
    'hex, mixed case': mixedCase(bytes.toString('hex')),
    'hex, wrapped': bytes.toString('hex').replace(/.{20}/g, '$&\n'),
    'percent-encoded as by encodeURIComponent': encodeURIComponent(secret),
    'percent-encoded in whole': percentAll(bytes),
    'percent-encoded in whole, upper case': percentAll(bytes).toUpperCase(),
    'JSON string': JSON.stringify(secret),
    'JSON string in a JSON string': JSON.stringify(JSON.stringify(secret)),
    'JSON string with \\u everywhere': escapeAll(secret),
    'JSON string with \\/': JSON.stringify(secret).replaceAll('/', '\\/'),
    'JSON string with the escapes of the wire format': JSON.stringify(secret).replace(
      /[<>&\u2028\u2029]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
    'base64 in a JSON string with \\/ and \\u002b': bytes
      .toString('base64')
      .replaceAll('/', '\\/')
      .replaceAll('+', '\\u002b'),
    'percent-encoded base64': encodeURIComponent(bytes.toString('base64')),
    'percent-encoded in whole, in a JSON string with \\u everywhere': escapeAll(percentAll(bytes)),
  };
  for (const before of ['', 'x', 'xy', 'user:']) {
    for (const after of ['', '!', '!!', '@host']) {
      const around = Buffer.from(`${before}${secret}${after}`);
      forms[`base64 of "${before}…${after}"`] = around.toString('base64');
      forms[`base64url of "${before}…${after}"`] = around.toString('base64url');
      forms[`wrapped base64 of "${before}…${after}"`] = around.toString('base64').replace(/.{16}/g, '$&\r\n');
    }
  }
  return forms;
}

const SECRETS: Record<string, string> = {
  'a passphrase with every kind of character': 'pä$$ "wörd"\\ <with>/&\t+=?%41 \u2028 and 🔑 in it',
  'letters and digits': 'S3cretValue0123456789abcdefXYZ',
  'of the shortest length': 'Qz7!p/+w',
  'hex text': bytesOf('hex', 32).toString('hex'),
  'base64 text': bytesOf('base64', 33).toString('base64'),
};

describe.each(Object.entries(SECRETS))('a secret: %s', (_title, secret) => {
  const searcher = createSecretSearcher([{ name: 'KEY', value: secret }]);
  const cases = Object.entries(writings(secret));

  it.each(cases)('is found as %s, whatever stands around it', (_form, written) => {
    for (const before of ['', '"', 'key=', 'token_', 'a', 'ab', 'abc', '{"x":"', 'line\n', '\\\\']) {
      for (const after of ['', '"', '&x=1', ' ', '=', '"}\n']) {
        const hits = searcher.find(Buffer.from(before + written + after));
        expect(hits).toHaveLength(1);
        expect(hits[0]?.name).toBe('KEY');
      }
    }
  });

  it('is not found in the same forms of another secret', () => {
    const other = `${secret.slice(0, -1)}~`;
    for (const [form, written] of Object.entries(writings(other))) {
      expect([form, searcher.find(Buffer.from(written))]).toEqual([form, []]);
    }
  });

  it('is never part of a hit', () => {
    const [hit] = searcher.find(Buffer.from(`before ${secret} after`));
    expect(JSON.stringify(hit)).not.toContain(secret.slice(0, 8));
  });
});

describe('what a hit says', () => {
  const searcher = createSecretSearcher([
    { name: 'A', value: 'first secret value' },
    { name: 'B', value: 'second secret value' },
  ]);

  it('has name, form and offset', () => {
    const text = `0123456789 ${Buffer.from('first secret value').toString('base64')} and "second\\u0020secret value"`;
    expect(searcher.find(Buffer.from(text))).toEqual([
      { name: 'A', form: 'base64', offset: 11 },
      { name: 'B', form: 'json-escaped', offset: text.indexOf('second') },
    ]);
  });

  it('names each secret once', () => {
    expect(searcher.find(Buffer.from('first secret value, '.repeat(1000)))).toEqual([
      { name: 'A', form: 'raw', offset: 0 },
    ]);
  });
});

describe('secrets of several lines', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const searcher = createSecretSearcher([{ name: 'PEM_KEY', value: pem }]);
  const names = (text: string) => searcher.find(Buffer.from(text)).map(({ name }) => name);

  it.each([
    ['whole', pem],
    ['with CRLF', pem.replaceAll('\n', '\r\n')],
    ['in one JSON string', JSON.stringify({ key: pem })],
    ['with \\n written out', pem.replaceAll('\n', '\\n')],
    ['in base64', Buffer.from(pem).toString('base64')],
  ])('are found %s', (_form, text) => {
    expect(names(text).sort()).toEqual(['PEM_KEY', PRIVATE_KEY_NAME].sort());
  });

  it.each([
    ['each line alone', pem.split('\n')[1] ?? ''],
    [
      'the body rewrapped',
      pem
        .replace(/-----.*-----/g, '')
        .replaceAll('\n', '')
        .replace(/.{10}/g, '$&\n  '),
    ],
    ['the body in hex', privateKey.export({ type: 'pkcs8', format: 'der' }).toString('hex')],
  ])('are found: %s', (_form, text) => {
    expect(names(text)).toEqual(['PEM_KEY']);
  });

  it('are found although they were configured with \\n written out', () => {
    const escaped = createSecretSearcher([{ name: 'PEM_KEY', value: pem.replaceAll('\n', '\\n') }]);
    expect(escaped.find(Buffer.from(pem)).map(({ name }) => name)).toContain('PEM_KEY');
  });

  it('do not match the public key', () => {
    expect(names(publicKey.export({ type: 'spki', format: 'pem' }).toString())).toEqual([]);
  });
});

describe('private keys and tokens that nobody configured', () => {
  const searcher = createSecretSearcher([]);
  const names = (text: string) => searcher.find(Buffer.from(text)).map(({ name }) => name);

  it.each(['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY', 'ENCRYPTED PRIVATE KEY', 'OPENSSH PRIVATE KEY'])(
    'finds -----BEGIN %s-----',
    (label) => {
      const pem = `-----BEGIN ${label}-----\nMC4CAQ==\n-----END ${label}-----\n`;
      expect(names(`x${pem}`)).toEqual([PRIVATE_KEY_NAME]);
      expect(names(Buffer.from(pem).toString('base64'))).toEqual([PRIVATE_KEY_NAME]);
    },
  );

  it.each(Object.entries(writings(JWT)))('finds a JWT as %s', (_form, written) => {
    expect(names(`{"token":"${written}"}`)).toEqual([JWT_NAME]);
  });

  it.each([
    ['the placeholder', '{"signature":"<redacted-oidc-jwt>"}'],
    ['the placeholder as recorded', '{"signature":"\\u003credacted-oidc-jwt\\u003e"}'],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'],
    ['a public key', '-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----'],
    [
      'a DSSE payload',
      `{"payload":"${Buffer.from('{"_type":"https://in-toto.io/Statement/v1"}').toString('base64')}"}`,
    ],
    ['a host name', 'keyJson.example.org eyJson.and.others monkeyJungle.example.co.uk'],
    ['hashes', `${'ab'.repeat(32)} ${'0'.repeat(64)}`],
    ['binary data', bytesOf('binary', 100_000).toString('latin1')],
    ['base64 of binary data', bytesOf('binary', 100_000).toString('base64')],
  ])('does not take %s for one', (_what, text) => {
    expect(names(text)).toEqual([]);
  });
});

describe('short and empty secrets', () => {
  it('are named as not searchable, and not searched for', () => {
    const searcher = createSecretSearcher([
      { name: 'SHORT', value: '1234567' },
      { name: 'BLANK', value: '   abc   \n' },
      { name: 'EMPTY', value: '' },
      { name: 'LONG', value: '12345678' },
    ]);
    expect(searcher.notSearchable).toEqual(['SHORT', 'BLANK']);
    expect(searcher.find(Buffer.from('1234567 abc'))).toEqual([]);
    expect(searcher.find(Buffer.from('12345678')).map(({ name }) => name)).toEqual(['LONG']);
  });

  it('do not count the white space around a secret', () => {
    const searcher = createSecretSearcher([{ name: 'KEY', value: '\n a real secret \r\n' }]);
    expect(searcher.find(Buffer.from('x=a real secret;'))).toHaveLength(1);
  });
});

describe('binary secrets', () => {
  const key = bytesOf('binary key', 32);
  const searcher = createSecretSearcher([{ name: 'KEY', value: new Uint8Array(key) }]);

  it.each([
    ['raw', Buffer.concat([Buffer.from('x'), key])],
    ['hex', Buffer.from(key.toString('hex'))],
    ['base64', Buffer.from(key.toString('base64'))],
    ['base64url', Buffer.from(key.toString('base64url'))],
  ])('are found %s', (_form, bytes) => {
    expect(searcher.find(bytes).map(({ name }) => name)).toEqual(['KEY']);
  });
});

describe('large data', () => {
  const secret = 'a secret across the border of a window';
  const searcher = createSecretSearcher([{ name: 'KEY', value: secret }]);
  const MIB = 1024 * 1024;

  it.each([1, 384, 640, 1024, 1664])('is searched in windows: a secret that begins before KiB %i', (kib) => {
    for (const written of [secret, escapeAll(percentAll(Buffer.from(secret)))]) {
      const data = Buffer.alloc(2 * MIB, 'some text, ');
      const at = kib * 1024 - 10;
      data.write(written, at);
      expect(searcher.find(data)).toHaveLength(1);
      const scan = searcher.scan();
      for (let from = 0; from < data.length; from += 100_003) {
        scan.write(data.subarray(from, from + 100_003));
      }
      const [hit] = scan.finish();
      expect(hit?.name).toBe('KEY');
      expect(Math.abs((hit?.offset ?? 0) - at)).toBeLessThan(8);
    }
  });

  it('scans in chunks of any size', () => {
    for (const size of [1, 7, 1000]) {
      const scan = searcher.scan();
      const data = Buffer.from(`before ${secret} after`);
      for (let from = 0; from < data.length; from += size) {
        scan.write(data.subarray(from, from + size));
      }
      expect(scan.finish()).toEqual([{ name: 'KEY', form: 'raw', offset: 7 }]);
    }
    expect(searcher.scan().finish()).toEqual([]);
  });

  it.each([
    ['eyJ', 'eyJ'],
    ['headers without an end', 'eyJhbGciOiJSUzI1NiJ9'],
    ['headers and dots', 'eyJhbGciOiJSUzI1NiJ9.'],
    ['dots', '.'],
    ['dots and letters', 'ey.'],
    ['backslashes', '\\'],
    ['\\u', '\\u00'],
    ['percent signs', '%'],
    ['PEM beginnings', '-----BEGIN '],
    ['secrets without their last letter', secret.slice(0, -1)],
    ['spaces', ' '],
  ])('takes linear time on 1 MiB of %s', (_what, unit) => {
    const data = Buffer.alloc(MIB, unit);
    const started = performance.now();
    searcher.find(data);
    // A quadratic search of this takes minutes.
    expect(performance.now() - started).toBeLessThan(3000);
  });
});
