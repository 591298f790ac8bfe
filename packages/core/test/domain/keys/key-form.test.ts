import { generateKeyPairSync, randomBytes, randomInt } from 'node:crypto';
import { describe, expect, it, test } from '@jest/globals';
import { keyFault, pathIn, withoutLineEnd } from '../../../src/domain/keys/key-form.ts';

const ed25519 = generateKeyPairSync('ed25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const spki = (key: typeof ed25519) => key.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
const pem = (key: typeof ed25519) => String(key.publicKey.export({ format: 'pem', type: 'spki' }));
const privatePem = String(ed25519.privateKey.export({ format: 'pem', type: 'pkcs8' }));
const DOLLAR = '$';

const REFERENCES = [
  '$(CAVRA_DAEMON_EVIDENCE_HMAC_KEY)',
  '$(cavra.evidence.key of a group)',
  `${DOLLAR}{CAVRA_DAEMON_EVIDENCE_HMAC_KEY}`,
  `${DOLLAR}{env:CAVRA_DAEMON_EVIDENCE_HMAC_KEY}`,
  `${DOLLAR}{CAVRA_DAEMON_EVIDENCE_HMAC_KEY:-none}`,
  `${DOLLAR}{{ secrets.CAVRA_DAEMON_EVIDENCE_HMAC_KEY }}`,
  `prefix-${DOLLAR}{{ variables['evidence-key'] }}-suffix`,
  "$[variables['CAVRA_DAEMON_EVIDENCE_HMAC_KEY']]",
  '$[[ inputs.evidence-key-of-the-component ]]',
  '%CAVRA_DAEMON_EVIDENCE_HMAC_KEY%',
  'evidence-key-%cavra_evidence_key%-of-the-runner',
  '$env:CAVRA_DAEMON_EVIDENCE_HMAC_KEY',
  '$Env:cavra_daemon_evidence_hmac_key',
  '$CAVRA_DAEMON_EVIDENCE_HMAC_KEY',
  'evidence-$KEY-of-the-release-2026-q4',
  '$cavra_daemon_evidence_hmac_key_of_ci',
  'the-key-is-$(cat /run/secrets/key)-in-the-file',
  '"$(CAVRA_DAEMON_EVIDENCE_HMAC_KEY)"',
  ' $(CAVRA_DAEMON_EVIDENCE_HMAC_KEY) ',
  '$(CAVRA_DAEMON_EVIDENCE_HMAC_KEY)\r\n',
];

const PATHS = [
  '/builds/g/p.tmp/CAVRA_DAEMON_EVIDENCE_HMAC_KEY',
  '/home/vsts/work/_temp/cavra-evidence.key.of.the.release',
  '/run/secrets/cavra/evidence/hmac/key/of/production',
  '/builds/group/project/CAVRA_KEY',
  '~/.config/cavra/release-governance/evidence.key',
  '~runner/.config/cavra/release-governance/evidence.key',
  './secrets/cavra-release-governance-evidence.key',
  '../secrets/cavra-release-governance-evidence.key',
  '..\\secrets\\cavra-release-governance-evidence.key',
  '\\\\server\\share\\cavra-release-governance.key',
  'C:\\a\\_temp\\cavra-release-governance-evidence.key',
  'd:/a/_temp/cavra-release-governance-evidence.key',
  'file:///run/secrets/cavra-release-governance.key',
  '"/builds/g/p.tmp/CAVRA_DAEMON_EVIDENCE_HMAC_KEY"',
  '/builds/g/p.tmp/CAVRA_DAEMON_EVIDENCE_HMAC_KEY\n',
];

const PUBLIC = [
  pem(ed25519),
  pem(rsa as typeof ed25519),
  pem(ed25519).replaceAll('\n', '\\n'),
  pem(ed25519).replaceAll('\n', ' '),
  Buffer.from(pem(ed25519)).toString('base64'),
  spki(ed25519),
  spki(rsa as typeof ed25519),
  JSON.stringify(ed25519.publicKey.export({ format: 'jwk' })),
  `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'Gq3v'.repeat(8)} release@example.com`,
  `release@example.com namespaces="git" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGq3v`,
  `ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAI`,
  `sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29t`,
  `---- BEGIN SSH2 PUBLIC KEY ----\nAAAAC3NzaC1lZDI1NTE5AAAA\n---- END SSH2 PUBLIC KEY ----`,
  '-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIU\n-----END CERTIFICATE-----\n',
  privatePem,
];

const WEAK = [
  'a'.repeat(32),
  '0'.repeat(64),
  'abcd'.repeat(8),
  'aabbccddaabdcbadbcadbcadbcdabcdabacdbacd',
  'password1'.repeat(5),
  'correct horse 16'.repeat(3),
  'correct horse 16correct horse 16correct',
  '0123456789abcdef'.repeat(4),
  `"${'password1'.repeat(5)}"`,
  '*'.repeat(40),
  '🔑🔒🔑🔑🔒🔒🔑🔒🔑🔑🔒🔑',
];

const BLANKS = [' '.repeat(40), '\n'.repeat(33), ' \t\r\n'.repeat(10), `"${' '.repeat(40)}"`, '\u00a0'.repeat(20)];

describe('keyFault', () => {
  it.each([
    ...REFERENCES.map((text) => [text, 'a reference'] as const),
    ...PATHS.map((text) => [text, 'a path'] as const),
    ...BLANKS.map((text) => [text, 'nothing but blanks'] as const),
  ])('knows %j', (text, is) => {
    const fault = keyFault(Buffer.from(text));
    expect(fault?.kind).toBe('known');
    expect(fault?.is).toContain(is);
  });

  it.each(PUBLIC)('knows the public key or PEM %#', (text) => {
    expect(keyFault(Buffer.from(text))).toMatchObject({ kind: 'known' });
  });

  it.each(WEAK)('finds %j weak', (text) => {
    expect(keyFault(Buffer.from(text))).toMatchObject({ kind: 'weak' });
  });

  it('reads the same in the encodings that editors write', () => {
    for (const text of [...REFERENCES, ...PATHS.slice(0, -1), ...WEAK.slice(0, -1)]) {
      const wide = Buffer.from(text, 'utf16le');
      expect([text, keyFault(Buffer.from(`\ufeff${text}`))]).not.toEqual([text, undefined]);
      expect([text, keyFault(wide)]).not.toEqual([text, undefined]);
      expect([text, keyFault(Buffer.concat([Buffer.from([0xff, 0xfe]), wide]))]).not.toEqual([text, undefined]);
    }
  });

  test('it never shows what it found', () => {
    for (const text of [...REFERENCES, ...PATHS, ...WEAK]) {
      expect(keyFault(Buffer.from(text))?.is).not.toContain(text.trim().slice(0, 9));
    }
  });

  it.each([
    'correct horse battery staple and more words',
    'evidence-key-of-the-tests-0123456789abcdef01234567',
    "it's 100% secret: costs $5 or $12, {no} (joke)",
    '"evidence-key-of-the-tests-0123456789abcdef"',
    'key with a line end 0123456789abcdef0123456789\n',
    'relative/looking/passphrase-of-the-year-2026-q4',
    '$(evidence-key-of-the-tests-0123456789abcdef01',
    'schlüssel für die nächste veröffentlichung 2026',
  ])('lets %j be a key', (text) => {
    expect(keyFault(Buffer.from(text))).toBeUndefined();
  });

  test('honest random keys always pass', () => {
    const words = 'able acid aged also area army away baby back ball band bank base bath bear'.split(' ');
    for (let round = 0; round < 300; round += 1) {
      const bytes = randomBytes(randomInt(32, 80));
      // Every 64th key in base64 begins with a slash, as these all do.
      const slash = Buffer.concat([Buffer.from([0xfc | (bytes[0] ?? 0)]), bytes.subarray(1)]);
      const phrase = Array.from({ length: 8 }, () => words[randomInt(words.length)]).join(' ');
      const keys = [
        bytes,
        ...[bytes, slash].flatMap((each) => [
          each.toString('hex'),
          each.toString('hex').toUpperCase(),
          each.toString('base64'),
          each.toString('base64').replaceAll('=', ''),
          `${each.toString('base64').replace(/.{64}/gu, '$&\n')}\n`,
          each.toString('base64url'),
        ]),
        ...(new Set(phrase.split(' ')).size < 3 ? [] : [phrase, phrase.replaceAll(' ', '-')]),
      ];
      for (const key of keys) expect([key, keyFault(Buffer.from(key))]).toEqual([key, undefined]);
    }
  });
});

test('pathIn gives what may be meant as a path', () => {
  expect(pathIn(Buffer.from(' "/run/key"\n'))).toBe('/run/key');
  expect(pathIn(Buffer.from('no path'))).toBeUndefined();
  expect(pathIn(Buffer.from([0x2f, 0xff, 0xfe, 0x00]))).toBeUndefined();
});

test.each([
  ['key\n', 'key'],
  ['key\r\n', 'key'],
  ['key\r', 'key'],
  ['key\n\n', 'key\n'],
  ['\n', ''],
  ['key', undefined],
  ['', undefined],
])('withoutLineEnd(%j) is %j', (text, expected) => {
  const found = withoutLineEnd(Buffer.from(text));
  expect(found && Buffer.from(found).toString()).toBe(expected);
});
