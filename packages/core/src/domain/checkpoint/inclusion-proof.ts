import { Buffer } from 'node:buffer';
import { decodeBase64 } from '../base64.ts';
import { recordHash } from '../evidence/record-hash.ts';
import { RecordReader } from '../evidence/record-reader.ts';
import { JsonError } from '../json/error.ts';
import { parseStrictJson } from '../json/parse.ts';
import { MAX_CHECKPOINT_BYTES, MAX_RECORD_BYTES } from '../limits.ts';
import { leafHash } from '../merkle/merkle.ts';
import { MAX_PROOF_HASHES, verifyInclusion } from '../merkle/merkle-proof.ts';
import { CheckpointError } from './error.ts';
import { Members } from './members.ts';
import type { CheckpointClaims } from './statement.ts';

/**
 * One record, the checkpoint over its stream, and the audit path between them (RFC 6962 section 2.1.1): enough to prove the record
 * without showing any other.
 */
export interface InclusionProof {
  /** The record's bytes, without line end. */
  readonly line: Uint8Array;
  /** Its number, from 1. */
  readonly record: number;
  /** Records of the stream. */
  readonly size: number;
  /** From the leaf up, 32 bytes each. */
  readonly path: readonly Uint8Array[];
  /** The checkpoint's bundle. */
  readonly checkpoint: Uint8Array;
}

export const INCLUSION_PROOF_SCHEMA_VERSION = 'cavra.release-governance.inclusion-proof.v1';
/** Base64 takes a third more. */
export const MAX_INCLUSION_PROOF_BYTES = Math.ceil(((MAX_RECORD_BYTES + MAX_CHECKPOINT_BYTES) * 4) / 3) + 16 * 1024;

/** The proof's file: JSON with a final line end. Record and checkpoint are in base64, so that no byte of them can change. */
export function inclusionProofText({ line, record, size, path, checkpoint }: InclusionProof): string {
  const document = {
    schema_version: INCLUSION_PROOF_SCHEMA_VERSION,
    record,
    record_count: size,
    record_base64: Buffer.from(line).toString('base64'),
    path: path.map((hash) => Buffer.from(hash).toString('hex')),
    checkpoint_base64: Buffer.from(checkpoint).toString('base64'),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** @throws CheckpointError unreadable */
export function parseInclusionProof(bytes: Uint8Array): InclusionProof {
  const document = new Members(parseJson(bytes));
  document.exactly('schema_version', INCLUSION_PROOF_SCHEMA_VERSION);
  return {
    line: base64(document, 'record_base64'),
    record: document.count('record', 1),
    size: document.count('record_count', 1),
    path: (document.hashesOrNull('path', MAX_PROOF_HASHES) ?? []).map((hash) => Buffer.from(hash, 'hex')),
    checkpoint: base64(document, 'checkpoint_base64'),
  };
}

/**
 * Reads the record of a proof and checks that the checkpoint is over it.
 *
 * @param claims of the proof's checkpoint, whose signature the caller has checked
 * @returns the record; its bytes are canonical and hash to its record_hash
 * @throws CheckpointError unreadable: the record is not one, or is not in the tree
 */
export function provenRecord({ line, record, size, path }: InclusionProof, claims: CheckpointClaims): RecordReader {
  const reader = new RecordReader();
  const fault = line.length > MAX_RECORD_BYTES ? { member: 'its size' } : reader.read(line);
  if (fault !== undefined) throw new CheckpointError('unreadable', 'the record is not one that a recorder writes');
  if (recordHash(reader.scan) !== reader.recordHash || reader.sequence !== record) {
    throw new CheckpointError('unreadable', 'the record was changed, or has another number');
  }
  const isIncluded =
    size === claims.record_count &&
    verifyInclusion({
      index: record - 1,
      size,
      leaf: leafHash(Buffer.from(reader.recordHash, 'hex')),
      path,
      root: Buffer.from(claims.merkle_root, 'hex'),
    });
  if (!isIncluded) throw new CheckpointError('unreadable', 'the path does not lead from the record to the checkpoint');
  return reader;
}

function parseJson(bytes: Uint8Array) {
  try {
    return parseStrictJson(bytes, { maxBytes: MAX_INCLUSION_PROOF_BYTES });
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new CheckpointError('unreadable', error.message, { cause: error });
  }
}

function base64(document: Members, name: string): Buffer {
  return decodeBase64(document.text(name)) ?? document.refuse(name, 'base64 in its canonical form');
}
