import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { checkpointDetails } from '../domain/checkpoint/details.ts';
import type { DeliveredFile, StreamHead } from '../domain/daemon/answers.ts';
import type { CheckpointWish } from '../domain/daemon/protocol.ts';
import { worstDecision } from '../domain/decision/worst.ts';
import { EvidenceError } from '../domain/diagnosis.ts';
import {
  CHECKPOINT_FILE,
  CLAIMS_FILE,
  claimsFileText,
  RESPONSE_FILE,
  responseFileText,
  STREAM_FILE,
  VERIFICATION_FILE,
} from '../domain/evidence/files.ts';
import type { Clock } from '../domain/ports.ts';
import type { AuthenticatedRunner } from '../domain/trust/trust-decision.ts';
import type { EvidenceSource } from '../domain/verification/evidence-source.ts';
import { reportText, type VerificationReport, type VerifierIdentity } from '../domain/verification/report.ts';
import { openEvidence } from '../io/evidence/evidence-reader.ts';
import { readRecordedResponses } from '../io/evidence/recorded-responses.ts';
import { writeFileDurably } from '../io/files/durable-file.ts';
import { firstBytes } from '../io/files/first-bytes.ts';
import { verifyEvidence } from '../verify/verify.ts';
import type { Engine } from './engine.ts';
import type { Streams } from './streams.ts';

/** A run's evidence as it is at one moment, ready to be sent. */
export interface Delivery {
  readonly stream: StreamHead;
  readonly files: readonly (DeliveredFile & { readonly chunks: () => AsyncIterable<Uint8Array> })[];
}

/** Who asks for what. */
export interface DeliveryQuestion {
  /** Of the run's stream. */
  readonly name: string;
  readonly runner: AuthenticatedRunner;
  readonly checkpoint: CheckpointWish;
}

export interface DeliveriesOptions {
  readonly streams: Streams;
  readonly now: Clock;
  readonly verifier: VerifierIdentity;
}

/** The end of a stream at one moment. */
interface StreamEnd {
  readonly records: number;
  readonly headHash: string;
  readonly bytes: number;
}

/** Gets the evidence of runs ready to be sent, one at a time for each run. */
export class Deliveries {
  readonly #options: DeliveriesOptions;
  readonly #busy = new Map<string, Promise<unknown>>();

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  /**
   * Takes a run's whole stream as it stands, verifies it with the daemon's keys, and signs a checkpoint over it where that is wished for
   * and there is a key for it. Records that are added meanwhile are not part of it. What is sent is also left in the run's folder.
   *
   * @throws EvidenceError CAVRA-E403 this run has no evidence, CAVRA-E404 it is not the stream of an earlier checkpoint, grown
   */
  async prepare(engine: Engine, question: DeliveryQuestion): Promise<Delivery> {
    const { name } = question;
    const before = this.#busy.get(name) ?? Promise.resolve();
    const work = before.catch(() => undefined).then(() => this.#prepare(engine, question));
    this.#busy.set(name, work);
    try {
      return await work;
    } finally {
      if (this.#busy.get(name) === work) this.#busy.delete(name);
    }
  }

  async #prepare(engine: Engine, { name, runner, checkpoint }: DeliveryQuestion): Promise<Delivery> {
    const { streams, now } = this.#options;
    if (!(await streams.exists(name))) throw new EvidenceError('CAVRA-E403', 'nothing is recorded for this run');
    const id = { name, identity: runner.identity };
    const end = await streams.use(id, engine, async ({ records, headHash, bytes }) => ({ records, headHash, bytes }));
    const folder = streams.folderOf(name);
    const stream = join(folder, STREAM_FILE);
    const response = await worstResponse(stream, end.records);
    await writeFileDurably(folder, RESPONSE_FILE, response);

    const attestor = checkpoint === 'none' ? undefined : await engine.attestor?.();
    const { checkpoint: earlier, ...source } = await openBeginning(folder, end);
    const observers = await closeOnFailure(source, () =>
      attestor === undefined ? [] : [attestor.begin({ ...source, checkpoint: earlier })],
    );
    const { report } = await verifyEvidence(
      { path: folder, keys: engine.evidenceVerification, integrityOnly: false, observers },
      { now, verifier: this.#options.verifier, openEvidence: async () => ({ ...source, checkpoint: undefined }) },
    );
    let published: VerificationReport = { ...report, path: STREAM_FILE };
    const files = [
      inMemory(CLAIMS_FILE, Buffer.from(claimsFileText(runner.identity), 'utf8')),
      inMemory(RESPONSE_FILE, response),
      { name: STREAM_FILE, size: end.bytes, sha256: report.sha256, chunks: () => readBeginning(stream, end.bytes) },
    ];
    if (attestor !== undefined && report.valid) {
      const judgement = { passes: checkpoint === 'passed', runner };
      const attestation = attestor.attest(report, runner.identity, judgement, now());
      const text = Buffer.from(attestation.text, 'utf8');
      await writeFileDurably(folder, CHECKPOINT_FILE, text);
      files.push(inMemory(CHECKPOINT_FILE, text));
      const details = checkpointDetails(attestation.checkpoint);
      published = { ...published, checkpoint: 'valid', tail: 'sealed', checkpoint_details: details };
    }
    files.push(inMemory(VERIFICATION_FILE, Buffer.from(reportText(published), 'utf8')));
    return { stream: { name, records: end.records, head_hash: end.headHash }, files };
  }
}

/** What the response file of these records holds. */
async function worstResponse(stream: string, records: number): Promise<Buffer> {
  const responses = (await readRecordedResponses(stream)).slice(0, records);
  const worst = worstDecision(responses.map(({ decision }) => decision));
  const found = responses.find(({ decision }) => decision === worst);
  return Buffer.from(found === undefined ? '' : responseFileText(found), 'utf8');
}

/** A folder of evidence as if its stream ended where it did at one moment. */
async function openBeginning(folder: string, { bytes }: StreamEnd): Promise<EvidenceSource> {
  const source = await openEvidence(folder);
  return { ...source, size: bytes, chunks: () => firstBytes(source.chunks(), bytes) };
}

async function* readBeginning(path: string, bytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  const source = await openEvidence(path);
  try {
    yield* firstBytes(source.chunks(), bytes);
  } finally {
    await source.close();
  }
}

function inMemory(name: string, bytes: Buffer): Delivery['files'][number] {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return {
    name,
    size: bytes.length,
    sha256,
    chunks: async function* () {
      yield bytes;
    },
  };
}

async function closeOnFailure<T>({ close }: Pick<EvidenceSource, 'close'>, work: () => T): Promise<T> {
  try {
    return work();
  } catch (error) {
    await close();
    throw error;
  }
}
