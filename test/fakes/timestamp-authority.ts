import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode, generalizedTime, integer, objectIdentifier, octetString, sequence, set } from './der.ts';
import {
  authorityExtensions,
  certificatePem,
  certify,
  DIGITAL_SIGNATURE,
  defaultPeriod,
  distinguishedName,
  extension,
  OID,
  type Period,
  signatureAlgorithm,
} from './x509.ts';

/**
 * Authorities of RFC 3161. `openssl ts` answers as any authority does; `stamp` says what no honest authority would: any time, any
 * certificate, any signature.
 */
export interface TimestampAuthority {
  /** The root's certificate, and the root's and the authority's own. */
  readonly rootPem: string;
  readonly chainPem: string;
  readonly root: Buffer;
  readonly certificate: Buffer;
  /** Answers a query by `openssl ts`. */
  reply(query: Uint8Array): Buffer;
  /** A reply over a signature, made here. */
  stamp(signature: Uint8Array, changes?: StampChanges): Buffer;
  dispose(): void;
}

type Digest = 'sha1' | 'sha256' | 'sha384' | 'sha512';

export interface AuthorityPlan {
  readonly name?: string;
  readonly kind?: 'ec' | 'rsa' | 'rsa-weak';
  readonly digest?: Digest;
  readonly period?: Period;
  readonly rootPeriod?: Period;
  /** Of the authority's own certificate, in place of those for timestamps alone. */
  readonly extensions?: readonly Buffer[];
  /** Of the root. */
  readonly rootExtensions?: (publicKey: KeyObject) => readonly Buffer[];
  /** With which the root signs. */
  readonly certificateDigest?: Digest;
}

export interface StampChanges {
  /** Unix ms. */
  readonly timeMs?: number;
  /** Seconds. */
  readonly accuracy?: number;
  readonly status?: number;
  readonly imprintDigest?: Digest;
  /** In place of the digest of the signature. */
  readonly imprint?: Buffer;
  readonly digest?: Digest;
  readonly certificates?: readonly Buffer[];
  readonly attributes?: (attributes: Attributes) => readonly Buffer[];
  /** In place of TSTInfo, after its attributes were signed. */
  readonly info?: (info: Buffer) => Buffer;
  readonly signature?: (signature: Buffer) => Buffer;
  readonly signerCertificate?: Buffer;
  readonly signers?: number;
  readonly extraInfo?: readonly Buffer[];
}

export interface Attributes {
  readonly contentType: Buffer;
  readonly messageDigest: Buffer;
  readonly signingCertificateV2: Buffer;
}

export const TIMESTAMP_EXTENSIONS: readonly Buffer[] = [
  extension(OID.extendedKeyUsage, sequence(objectIdentifier(OID.timeStamping)), true),
  extension(OID.keyUsage, DIGITAL_SIGNATURE, true),
];

const DIGEST_OIDS: Readonly<Record<Digest, string>> = {
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
};
const POLICY = '1.3.6.1.4.1.57264.2';

export function createTimestampAuthority(plan: AuthorityPlan = {}): TimestampAuthority {
  const { name = 'Time of a test run', digest = 'sha256', certificateDigest = 'sha256' } = plan;
  const rootKey = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const key = keyPair(plan.kind ?? 'ec');
  const period = plan.period ?? defaultPeriod();
  const rootExtensions = plan.rootExtensions ?? authorityExtensions;
  const root = certify({
    issuer: `${name} root`,
    subject: `${name} root`,
    publicKey: rootKey.publicKey,
    signer: rootKey.privateKey,
    period: plan.rootPeriod ?? period,
    extensions: rootExtensions(rootKey.publicKey),
  });
  const certificatePlan = {
    issuer: `${name} root`,
    subject: name,
    publicKey: key.publicKey,
    signer: rootKey.privateKey,
    period,
    extensions: plan.extensions ?? TIMESTAMP_EXTENSIONS,
    serial: Buffer.concat([Buffer.from([0x3a]), randomBytes(15)]),
    digest: certificateDigest,
  };
  const certificate = certify(certificatePlan);
  const folder = mkdtempSync(join(tmpdir(), 'cavra-tsa-'));
  const rootPem = certificatePem(root);
  const chainPem = `${certificatePem(certificate)}${rootPem}`;
  const signer: Signer = { ...certificatePlan, key: key.privateKey, certificate, root, digest };
  return {
    rootPem,
    chainPem,
    root,
    certificate,
    reply: (query) => opensslReply(folder, query, { certificate, chainPem, key: key.privateKey, digest }),
    stamp: (signature, changes = {}) => stamp(signer, signature, changes),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function keyPair(kind: NonNullable<AuthorityPlan['kind']>) {
  if (kind === 'ec') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return generateKeyPairSync('rsa', { modulusLength: kind === 'rsa' ? 2048 : 1024 });
}

interface OpensslParts {
  readonly certificate: Buffer;
  readonly chainPem: string;
  readonly key: KeyObject;
  readonly digest: Digest;
}

function opensslReply(folder: string, query: Uint8Array, { certificate, chainPem, key, digest }: OpensslParts): Buffer {
  const configuration = [
    '[tsa]',
    'serial = serial',
    `default_policy = ${POLICY}`,
    `signer_digest = ${digest}`,
    'digests = sha256, sha384, sha512',
    'accuracy = secs:1',
    'ess_cert_id_alg = sha256',
    '',
  ];
  writeFileSync(join(folder, 'tsa.cnf'), configuration.join('\n'));
  writeFileSync(join(folder, 'serial'), `${randomBytes(8).toString('hex')}\n`);
  writeFileSync(join(folder, 'signer.pem'), certificatePem(certificate));
  writeFileSync(join(folder, 'chain.pem'), chainPem);
  writeFileSync(join(folder, 'key.pem'), key.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(join(folder, 'query.tsq'), query);
  const args = ['-queryfile', 'query.tsq', '-signer', 'signer.pem', '-inkey', 'key.pem', '-chain', 'chain.pem'];
  execFileSync('openssl', ['ts', '-reply', '-config', 'tsa.cnf', '-section', 'tsa', ...args, '-out', 'reply.tsr'], {
    cwd: folder,
    stdio: 'pipe',
  });
  return readFileSync(join(folder, 'reply.tsr'));
}

interface Signer {
  readonly issuer: string;
  readonly serial: Buffer;
  readonly key: KeyObject;
  readonly certificate: Buffer;
  readonly root: Buffer;
  readonly digest: Digest;
}

const SIGNED_DATA = '1.2.840.113549.1.7.2';
const TIMESTAMP_INFO = '1.2.840.113549.1.9.16.1.4';
const NUMBER = (value: number) => integer(Buffer.from(value.toString(16).padStart(8, '0'), 'hex'));

function stamp(signer: Signer, stamped: Uint8Array, changes: StampChanges): Buffer {
  const { status = 0, digest = signer.digest, signers = 1 } = changes;
  const info = timestampInfo(stamped, changes);
  const certificates = changes.certificates ?? [signer.certificate, signer.root];
  const signedData = sequence(
    NUMBER(3),
    set(digestAlgorithm(digest)),
    sequence(objectIdentifier(TIMESTAMP_INFO), encode(0xa0, octetString(changes.info?.(info) ?? info))),
    ...(certificates.length === 0 ? [] : [encode(0xa0, ...certificates)]),
    set(...Array.from({ length: signers }, () => signerInfo(signer, info, digest, changes))),
  );
  const token = sequence(objectIdentifier(SIGNED_DATA), encode(0xa0, signedData));
  return sequence(sequence(NUMBER(status)), ...(status > 1 ? [] : [token]));
}

function timestampInfo(stamped: Uint8Array, changes: StampChanges): Buffer {
  const { imprintDigest = 'sha256', timeMs = Date.now(), accuracy, extraInfo = [] } = changes;
  const imprint = changes.imprint ?? createHash(imprintDigest).update(stamped).digest();
  return sequence(
    NUMBER(1),
    objectIdentifier(POLICY),
    sequence(digestAlgorithm(imprintDigest), octetString(imprint)),
    integer(randomBytes(8)),
    generalizedTime(timeMs),
    ...(accuracy === undefined ? [] : [sequence(NUMBER(accuracy))]),
    ...extraInfo,
  );
}

function signerInfo(signer: Signer, info: Buffer, digest: Digest, changes: StampChanges): Buffer {
  const certificate = changes.signerCertificate ?? signer.certificate;
  const attributes: Attributes = {
    contentType: attribute('1.2.840.113549.1.9.3', objectIdentifier(TIMESTAMP_INFO)),
    messageDigest: attribute('1.2.840.113549.1.9.4', octetString(createHash(digest).update(info).digest())),
    signingCertificateV2: signingCertificateV2([certificate]),
  };
  const list = changes.attributes?.(attributes) ?? Object.values(attributes);
  const ordered = [...list].sort(Buffer.compare);
  const signature = sign(digest, set(...ordered), signer.key);
  return sequence(
    NUMBER(1),
    sequence(distinguishedName(signer.issuer), integer(signer.serial)),
    digestAlgorithm(digest),
    encode(0xa0, ...ordered),
    signatureAlgorithm(signer.key, digest),
    octetString(changes.signature?.(signature) ?? signature),
  );
}

export function attribute(oid: string, value: Buffer): Buffer {
  return sequence(objectIdentifier(oid), set(value));
}

/** The attribute that names the certificates of the authority, the first one its own. */
export function signingCertificateV2(certificates: readonly Buffer[]): Buffer {
  const ids = certificates.map((each) => sequence(octetString(createHash('sha256').update(each).digest())));
  return attribute('1.2.840.113549.1.9.16.2.47', sequence(sequence(...ids)));
}

function digestAlgorithm(digest: Digest): Buffer {
  return sequence(objectIdentifier(DIGEST_OIDS[digest]));
}
