import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  bitString,
  encode,
  generalizedTime,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  utf8String,
  yes,
} from './der.ts';

/** A TLS server's key and certificate, in PEM. */
export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
}

/** A certificate authority that exists for one run of the tests. */
export interface Authority {
  /** Its own certificate in PEM ... */
  readonly certificate: string;
  /** ... and as a file, for NODE_EXTRA_CA_CERTS. */
  readonly file: string;
  /**
   * A certificate for a server.
   *
   * @param names DNS names and IPv4 addresses
   * @param period Unix ms; by default from an hour ago for a day
   */
  issue(names: readonly string[], period?: { notBefore: number; notAfter: number }): ServerCertificate;
  /** Removes the file. */
  dispose(): void;
}

const HOUR_MS = 3_600_000;
const ECDSA_WITH_SHA256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'));
const COMMON_NAME = '2.5.4.3';
const SUBJECT_KEY_ID = '2.5.29.14';
const KEY_USAGE = '2.5.29.15';
const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';
const BASIC_CONSTRAINTS = '2.5.29.19';
const AUTHORITY_KEY_ID = '2.5.29.35';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const SERVER_AUTHENTICATION = '1.3.6.1.5.5.7.3.1';
const DIGITAL_SIGNATURE = bitString(Buffer.from([0x80]), 7);
const KEY_CERT_SIGN = bitString(Buffer.from([0x04]), 2);

/** A new authority with a key of its own. */
export function createAuthority(name = 'Fakes of a test run'): Authority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = certify({
    issuer: name,
    subject: name,
    publicKey,
    signer: privateKey,
    period: defaultPeriod(),
    extensions: [
      extension(BASIC_CONSTRAINTS, sequence(yes), true),
      extension(KEY_USAGE, KEY_CERT_SIGN, true),
      extension(SUBJECT_KEY_ID, octetString(keyId(publicKey))),
    ],
  });
  const folder = mkdtempSync(join(tmpdir(), 'cavra-authority-'));
  const file = join(folder, 'authority.pem');
  writeFileSync(file, certificate);
  return {
    certificate,
    file,
    issue: (names, period) => issue(name, privateKey, publicKey, names, period ?? defaultPeriod()),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

interface Period {
  readonly notBefore: number;
  readonly notAfter: number;
}

function defaultPeriod(): Period {
  return { notBefore: Date.now() - HOUR_MS, notAfter: Date.now() + 24 * HOUR_MS };
}

function issue(
  issuer: string,
  signer: KeyObject,
  issuerKey: KeyObject,
  names: readonly string[],
  period: Period,
): ServerCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const cert = certify({
    issuer,
    subject: names[0] ?? 'server',
    publicKey,
    signer,
    period,
    extensions: [
      extension(BASIC_CONSTRAINTS, sequence(), true),
      extension(KEY_USAGE, DIGITAL_SIGNATURE, true),
      extension(EXTENDED_KEY_USAGE, sequence(objectIdentifier(SERVER_AUTHENTICATION))),
      extension(SUBJECT_ALTERNATIVE_NAME, sequence(...names.map(generalName))),
      extension(AUTHORITY_KEY_ID, sequence(encode(0x80, keyId(issuerKey)))),
    ],
  });
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert };
}

interface Certificate {
  readonly issuer: string;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly period: Period;
  readonly extensions: readonly Buffer[];
}

/** RFC 5280 section 4.1. */
function certify({ issuer, subject, publicKey, signer, period, extensions }: Certificate): string {
  const toBeSigned = sequence(
    encode(0xa0, integer(Uint8Array.of(2))),
    integer(randomBytes(16)),
    ECDSA_WITH_SHA256,
    distinguishedName(issuer),
    sequence(generalizedTime(period.notBefore), generalizedTime(period.notAfter)),
    distinguishedName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    encode(0xa3, sequence(...extensions)),
  );
  const der = sequence(toBeSigned, ECDSA_WITH_SHA256, bitString(sign('sha256', toBeSigned, signer)));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function distinguishedName(commonName: string): Buffer {
  return sequence(set(sequence(objectIdentifier(COMMON_NAME), utf8String(commonName))));
}

function extension(identifier: string, value: Buffer, critical = false): Buffer {
  return sequence(objectIdentifier(identifier), ...(critical ? [yes] : []), octetString(value));
}

function generalName(name: string): Buffer {
  if (isIPv4(name)) return encode(0x87, Buffer.from(name.split('.').map(Number)));
  return encode(0x82, Buffer.from(name, 'ascii'));
}

function keyId(publicKey: KeyObject): Buffer {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20);
}
