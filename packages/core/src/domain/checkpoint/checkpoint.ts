import { createHash, type KeyObject } from 'node:crypto';
import type { AttestationKey } from '../keys/hmac-keys.ts';
import type { KeyPeriod } from '../keys/validity.ts';
import { bundleText, parseBundle } from './bundle.ts';
import { type Envelope, IN_TOTO_PAYLOAD_TYPE, isSignedBy, signEnvelope } from './dsse.ts';
import { CheckpointError } from './error.ts';
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
}

/** Signs a statement and returns the text of its bundle. */
export function signCheckpoint(statement: CheckpointStatement, key: AttestationKey): string {
  return bundleText(signEnvelope(IN_TOTO_PAYLOAD_TYPE, statementBytes(statement), key));
}

/**
 * Reads a checkpoint and checks its signature; whether its signer's key counted at the time is `keyValidity`'s to say.
 *
 * @param bytes of the bundle
 * @param trust keys of which one must have signed; with none, the signature is not checked
 * @throws CheckpointError
 */
export function openCheckpoint(bytes: Uint8Array, trust: readonly AttestationTrust[]): Checkpoint {
  const envelope = parseBundle(bytes);
  // The statement is not looked at before it is known whose it is.
  const signer = trust.length === 0 ? undefined : signerOf(envelope, trust);
  const statement = readStatement(envelope.payload);
  if (statement.claims.attestation_key_id !== envelope.keyId) {
    throw new CheckpointError('unreadable', 'the bundle names another key than the statement');
  }
  return { statement, statementSha256: sha256Hex(envelope.payload), keyId: envelope.keyId, signer };
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
