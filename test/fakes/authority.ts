import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode, objectIdentifier, sequence } from './der.ts';
import {
  authorityExtensions,
  certificatePem,
  certify,
  DIGITAL_SIGNATURE,
  defaultPeriod,
  extension,
  keyId,
  OID,
  type Period,
} from './x509.ts';

/** A TLS server's key and certificate, in PEM. */
export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
}

/** A certificate authority that exists for one run of the tests. */
export interface Authority {
  /** Its own certificate in PEM ... */
  readonly certificate: string;
  /** ... as a file ... */
  readonly file: string;
  /** ... and as `FILE@sha256:HEX`, for `ca-certificates`. */
  readonly pinned: string;
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

/** A new authority with a key of its own. */
export function createAuthority(name = 'Fakes of a test run'): Authority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const period = defaultPeriod();
  const plan = { issuer: name, subject: name, publicKey, signer: privateKey, period };
  const certificate = certificatePem(certify({ ...plan, extensions: authorityExtensions(publicKey) }));
  const folder = mkdtempSync(join(tmpdir(), 'cavra-authority-'));
  const file = join(folder, 'authority.pem');
  writeFileSync(file, certificate);
  return {
    certificate,
    file,
    pinned: `${file}@sha256:${createHash('sha256').update(certificate).digest('hex')}`,
    issue: (names, period) => issue(name, privateKey, publicKey, names, period ?? defaultPeriod()),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function issue(
  issuer: string,
  signer: KeyObject,
  issuerKey: KeyObject,
  names: readonly string[],
  period: Period,
): ServerCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = certify({
    issuer,
    subject: names[0] ?? 'server',
    publicKey,
    signer,
    period,
    extensions: [
      extension(OID.basicConstraints, sequence(), true),
      extension(OID.keyUsage, DIGITAL_SIGNATURE, true),
      extension(OID.extendedKeyUsage, sequence(objectIdentifier(OID.serverAuthentication))),
      extension(OID.subjectAlternativeName, sequence(...names.map(generalName))),
      extension(OID.authorityKeyId, sequence(encode(0x80, keyId(issuerKey)))),
    ],
  });
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert: certificatePem(der) };
}

function generalName(name: string): Buffer {
  if (isIPv4(name)) return encode(0x87, Buffer.from(name.split('.').map(Number)));
  return encode(0x82, Buffer.from(name, 'ascii'));
}
