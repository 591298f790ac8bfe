import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../../src/domain/diagnosis.ts';
import { ed25519PublicKeys, publicKeyPem, publicKeySha256 } from '../../../src/domain/keys/ed25519.ts';
import { ed25519PrivateKey } from '../../../src/domain/keys/ed25519-private.ts';
import { refusalOf } from '../../support/refusal.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const PKCS8 = String(privateKey.export({ format: 'pem', type: 'pkcs8' }));
const SPKI = String(publicKey.export({ format: 'pem', type: 'spki' }));
const DER = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const x25519 = generateKeyPairSync('x25519');
const ed448 = generateKeyPairSync('ed448');
const pkcs8 = (key: typeof privateKey) => String(key.export({ format: 'pem', type: 'pkcs8' }));
const spki = (key: typeof publicKey) => String(key.export({ format: 'pem', type: 'spki' }));

describe('a private key', () => {
  it.each<[string, string]>([
    ['PEM', PKCS8],
    ['PEM with Windows line ends', PKCS8.replaceAll('\n', '\r\n')],
    ['PEM whose line ends were written out', PKCS8.replaceAll('\n', '\\n')],
    ['PEM whose line ends were lost', PKCS8.replaceAll('\n', ' ')],
    ['PEM with space around it', `\n  ${PKCS8}  \n`],
    ['PEM that is indented', PKCS8.replaceAll('\n', '\n      ')],
    ['one line of base64', DER],
    ['one line of base64 with a line end', `${DER}\n`],
  ])('is read from %s', (_, text) => {
    const pair = ed25519PrivateKey(text, 'the key');
    expect(pair.privateKey.equals(privateKey)).toBe(true);
    expect(pair.publicKey.equals(publicKey)).toBe(true);
  });

  const encrypted = privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'secret' });
  it.each<[string, string, RegExp]>([
    ['an RSA key', pkcs8(rsa.privateKey), /type rsa, expected Ed25519/],
    [
      'an RSA key in its own format',
      String(rsa.privateKey.export({ format: 'pem', type: 'pkcs1' })),
      /another algorithm/,
    ],
    ['an EC key', pkcs8(ec.privateKey), /type ec, expected Ed25519/],
    ['an EC key in its own format', String(ec.privateKey.export({ format: 'pem', type: 'sec1' })), /another algorithm/],
    ['a key for agreement', pkcs8(x25519.privateKey), /type x25519/],
    ['an Ed448 key', pkcs8(ed448.privateKey), /type ed448/],
    ['an encrypted key', String(encrypted), /is encrypted/],
    ['the public key', SPKI, /is a public key/],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', /is a certificate/],
    ['an OpenSSH key', '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----', /OpenSSH/],
    ['another PEM', '-----BEGIN THING-----\nAAAA\n-----END THING-----', /something else/],
    ['two keys', `${PKCS8}${PKCS8}`, /neither PEM .* nor base64/],
    ['a cut key', PKCS8.slice(0, 60), /neither PEM/],
    ['a cut body', PKCS8.replace(/.{8}\n-----END/, '\n-----END'), /no private key in PKCS#8|neither PEM/],
    ['other armour around it', PKCS8.replace('END PRIVATE', 'END PUBLIC'), /neither PEM/],
    ['a path', '/run/secrets/attestation.pem', /no private key|neither/],
    ['hex', privateKey.export({ format: 'der', type: 'pkcs8' }).toString('hex'), /no private key|neither/],
    ['nothing', '', /neither/],
    ['noise', 'A'.repeat(20_000), /too long/],
    ['zero bytes', Buffer.alloc(48).toString('base64'), /no private key/],
  ])('is not %s', (_, text, message) => {
    const refusal = refusalOf(() => ed25519PrivateKey(text, 'CAVRA_ATTESTATION_KEY'));
    expect(refusal).toBeInstanceOf(ConfigurationError);
    expect(refusal).toMatchObject({ code: 'CAVRA-E222', message: expect.stringMatching(message) });
    expect(refusal).toMatchObject({ message: expect.stringMatching(/^CAVRA_ATTESTATION_KEY /) });
  });

  it('is in no message', () => {
    const damaged = PKCS8.replace('-----END PRIVATE KEY-----', '');
    const body = (PKCS8.split('\n')[1] ?? '').slice(20);
    const { message } = refusalOf(() => ed25519PrivateKey(damaged, 'the key')) as Error;
    expect(message).not.toContain(body);
  });
});

describe('a file of public keys', () => {
  const other = generateKeyPairSync('ed25519').publicKey;

  it('may hold one or several, and words between them', () => {
    const keys = ed25519PublicKeys(`2026-q3\n${SPKI}\n2026-q4: ${spki(other).replaceAll('\n', '\r\n')}`, 'the file');
    expect(keys.map(publicKeySha256)).toEqual([publicKey, other].map(publicKeySha256));
    expect(keys.map(publicKeyPem)).toEqual([SPKI, spki(other)]);
  });

  it.each<[string, string, RegExp]>([
    ['nothing', '', /no key in PEM/],
    ['no PEM', 'MCowBQYDK2VwAyEA', /no key in PEM/],
    ['a private key', PKCS8, /private key, expected only the public one/],
    ['a private key behind a public one', `${SPKI}${PKCS8}`, /private key/],
    ['an RSA key', spki(rsa.publicKey), /type rsa/],
    ['an EC key behind a good one', `${SPKI}${spki(ec.publicKey)}`, /type ec/],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', /CERTIFICATE/],
    ['a cut block behind a good one', `${SPKI}-----BEGIN PUBLIC KEY-----\nMCow`, /cut or damaged/],
    ['bytes that are no key', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', /cannot be read/],
    ['no base64', '-----BEGIN PUBLIC KEY-----\nA=A\n-----END PUBLIC KEY-----', /cannot be read/],
    ['too many', SPKI.repeat(1_001), /at most 1000/],
  ])('does not hold %s', (_, text, message) => {
    const refusal = refusalOf(() => ed25519PublicKeys(text, 'the file k.pem'));
    expect(refusal).toBeInstanceOf(ConfigurationError);
    expect(refusal).toMatchObject({ code: 'CAVRA-E223', message: expect.stringMatching(message) });
  });
});
