import { createHash, type KeyObject } from 'node:crypto';
import type { CertificateIdentity } from '../keyless/certificate-identity.ts';
import type { AttestationKey } from '../keys/hmac-keys.ts';
import type { KeyPeriod } from '../keys/validity.ts';
import type { ProvenTime, TimestampVerdict } from '../timestamp/verify.ts';
import { readCertificate } from '../x509/certificate.ts';
import { bundleText, parseBundle, type SealedEnvelope } from './bundle.ts';
import { type Envelope, IN_TOTO_PAYLOAD_TYPE, isSignedBy, signEnvelope } from './dsse.ts';
import { CheckpointError } from './error.ts';
import {
  earliestProven,
  judgeTimestamps,
  KEYS_ONLY,
  openCertificate,
  requireAgreement,
  type SealTrust,
} from './seal-trust.ts';
import { type CheckpointStatement, statementBytes } from './statement.ts';
import { readStatement } from './statement-reader.ts';

/** A key that may have signed checkpoints. */
export interface AttestationTrust {
  /** Undefined: the key stands for whatever id a checkpoint names. */
  readonly id: string | undefined;
  readonly publicKey: KeyObject;
  readonly period: KeyPeriod;
}

/** A checkpoint as it was read. */
export interface Checkpoint {
  readonly statement: CheckpointStatement;
  /** Of the statement's bytes; lower-case hex. It names the checkpoint, however its bundle is spelled. */
  readonly statementSha256: string;
  readonly keyId: string;
  /** The key whose signature it has; undefined: it was not checked. */
  readonly signer: AttestationTrust | undefined;
  /** Whose certificate sealed it; undefined: a key did, or the certificate was not checked. */
  readonly certificate?: CertificateIdentity;
  /** What each of its timestamps proves. */
  readonly timestamps: readonly TimestampVerdict[];
}

/** Signs a statement and returns the text of its bundle. */
export function signCheckpoint(statement: CheckpointStatement, key: AttestationKey): string {
  return bundleText(signStatement(statement, key));
}

/** Signs a statement; a certificate and timestamps can be put to what is returned. */
export function signStatement(
  statement: CheckpointStatement,
  key: Pick<AttestationKey, 'id' | 'privateKey'>,
): Envelope {
  return signEnvelope(IN_TOTO_PAYLOAD_TYPE, statementBytes(statement), key);
}

/**
 * Reads a checkpoint and checks its signature and timestamps; whether its signer's key counted at the time is `signerValidity`'s to say.
 *
 * @param bytes of the bundle
 * @param trust keys of which one must have signed, where no certificate did; with none, that signature is not checked
 * @param seals whose timestamps and keyless seals are believed; without the latter, no certificate is checked
 * @throws CheckpointError
 */
export function openCheckpoint(
  bytes: Uint8Array,
  trust: readonly AttestationTrust[],
  seals: SealTrust = KEYS_ONLY,
): Checkpoint {
  const envelope = parseBundle(bytes);
  const timestamps = judgeTimestamps(envelope, seals);
  // The statement is not looked at before it is known whose it is.
  const { signer, certificate } = openSeal(envelope, trust, seals, earliestProven(timestamps));
  const statement = readStatement(envelope.payload);
  if (statement.claims.attestation_key_id !== envelope.keyId) {
    throw new CheckpointError('unreadable', 'the bundle names another key than the statement');
  }
  if (certificate !== undefined) requireAgreement(certificate, statement.claims.identity);
  const { keyId, payload } = envelope;
  const base = { statement, statementSha256: sha256Hex(payload), keyId, signer, timestamps };
  return certificate === undefined ? base : { ...base, certificate };
}

function openSeal(
  envelope: SealedEnvelope,
  trust: readonly AttestationTrust[],
  seals: SealTrust,
  time: ProvenTime | undefined,
): Pick<Checkpoint, 'signer' | 'certificate'> {
  const { certificate: bytes, keyId } = envelope;
  if (bytes === undefined) return { signer: trust.length === 0 ? undefined : signerOf(envelope, trust) };
  if (seals.keyless === undefined) {
    if (trust.length === 0) return { signer: undefined };
    throw new CheckpointError('key_unknown', 'it is sealed by a certificate, and by none of the given keys');
  }
  const certificate = openCertificate(envelope, bytes, time, seals.keyless);
  const { publicKey } = readCertificate(bytes);
  return { signer: { id: keyId, publicKey, period: { status: 'active' } }, certificate };
}

function signerOf(envelope: Envelope, trust: readonly AttestationTrust[]): AttestationTrust {
  const candidates = trust.filter(({ id }) => id === undefined || id === envelope.keyId);
  if (candidates.length === 0) {
    throw new CheckpointError('key_unknown', `no key with the id ${JSON.stringify(envelope.keyId)} is trusted`);
  }
  const signer = candidates.find(({ publicKey }) => isSignedBy(envelope, publicKey));
  if (signer === undefined) {
    throw new CheckpointError('signature_mismatch', 'the signature is not that of a trusted key over this statement');
  }
  return signer;
}

function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
