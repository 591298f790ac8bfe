import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../app/ports.ts';
import { type EvidenceSource, verifyEvidence } from '../app/verify.ts';
import type { DeliveredFile, StreamHead } from '../domain/daemon/answers.ts';
import { EvidenceError } from '../domain/diagnosis.ts';
import { STREAM_FILE, VERIFICATION_FILE } from '../domain/evidence/files.ts';
import { reportText, type VerifierIdentity } from '../domain/evidence/report.ts';
import { openEvidence } from '../io/evidence-reader.ts';
import type { Engine } from './engine.ts';
import type { StreamId, Streams } from './streams.ts';

/** A run's evidence as it is at one moment, ready to be sent. */
export interface Delivery {
  readonly stream: StreamHead;
  readonly files: readonly (DeliveredFile & { readonly chunks: () => AsyncIterable<Uint8Array> })[];
}

export interface DeliveryPorts {
  readonly streams: Streams;
  readonly now: Clock;
  readonly verifier: VerifierIdentity;
}

/**
 * Takes a run's whole stream as it stands, and verifies it with the daemon's keys. Records that are added meanwhile are not part of it.
 *
 * @throws EvidenceError CAVRA-E403 this run has no evidence
 */
export async function prepareDelivery(engine: Engine, id: StreamId, ports: DeliveryPorts): Promise<Delivery> {
  const { streams, now, verifier } = ports;
  if (!(await streams.exists(id.name))) {
    throw new EvidenceError('CAVRA-E403', 'nothing is recorded for this run');
  }
  const end = await streams.use(id, engine, async ({ records, headHash, bytes }) => ({ records, headHash, bytes }));
  const path = join(streams.folderOf(id.name), STREAM_FILE);
  const { report } = await verifyEvidence(
    { path, keys: engine.evidenceVerification, integrityOnly: false },
    { now, verifier, openEvidence: (stream) => openBeginning(stream, end.bytes) },
  );
  const text = Buffer.from(reportText({ ...report, path: STREAM_FILE }), 'utf8');
  return {
    stream: { name: id.name, records: end.records, head_hash: end.headHash },
    files: [
      { name: STREAM_FILE, size: end.bytes, sha256: report.sha256, chunks: () => readBeginning(path, end.bytes) },
      { name: VERIFICATION_FILE, size: text.length, sha256: sha256(text), chunks: () => once(text) },
    ],
  };
}

/** The first bytes of a stream, as if it ended there. */
async function openBeginning(path: string, bytes: number): Promise<EvidenceSource> {
  const source = await openEvidence(path);
  return { ...source, size: bytes, chunks: () => upTo(source.chunks(), bytes) };
}

async function* readBeginning(path: string, bytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  const source = await openEvidence(path);
  try {
    yield* upTo(source.chunks(), bytes);
  } finally {
    await source.close();
  }
}

async function* upTo(chunks: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  let left = bytes;
  if (left === 0) return;
  for await (const chunk of chunks) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
