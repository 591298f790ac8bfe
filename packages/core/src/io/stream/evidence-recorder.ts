import { setImmediate as endOfTurn } from 'node:timers/promises';
import { CavraError, RuntimeFailure, SecretFoundError } from '../../domain/diagnosis.ts';
import type { EvidenceRecorder } from '../../domain/evidence/evidence-recorder.ts';
import { STREAM_FILE } from '../../domain/evidence/files.ts';
import { type SealedRecord, sealRecord } from '../../domain/evidence/record.ts';
import type { HmacSigningKey } from '../../domain/keys/hmac-keys.ts';
import { MAX_RECORD_BYTES, RECORDER_BATCH_BYTES, RECORDER_BATCH_RECORDS } from '../../domain/limits.ts';
import type { Clock, RandomBytes } from '../../domain/ports.ts';
import { redactRequest, redactResponse } from '../../domain/secrets/redact.ts';
import type { SecretSearcher } from '../../domain/secrets/searcher.ts';
import { formatTimestamp } from '../../domain/time/timestamp.ts';
import type { DecisionResponse, EvaluateRequest, EvidenceRecord } from '../../domain/wire/messages.ts';
import { acquireWriterLock, type WriterLock } from '../locks/writer-lock.ts';
import { SteadyClock } from '../system/steady-clock.ts';
import { StreamFile } from './stream-file.ts';
import { repairStream } from './stream-repair.ts';
import type { LastRecord } from './stream-tail.ts';

export interface EvidenceRecorderOptions {
  /** Absolute path of the evidence folder, as `openEvidenceFolder` gives it. */
  readonly folder: string;
  /** The stream's file in it; `release-governance-evidence.jsonl` unless given. */
  readonly fileName?: string;
  /** Without it records are not signed. */
  readonly signingKey?: HmacSigningKey;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly searcher: SecretSearcher;
  /** How long to wait for another writer; LOCK_WAIT_MS unless given. */
  readonly lockWaitMs?: number;
  /**
   * Decides about what already is in the folder (see `continueOrSetAside`), after this process has become its only writer and before
   * the stream is opened. Returns what a reader of the report must know.
   */
  readonly beforeOpening?: () => Promise<readonly string[]>;
}

export interface FileEvidenceRecorder extends EvidenceRecorder {
  /** What a reader of the report must know, for example that a torn line was set aside; may grow. */
  readonly notes: readonly string[];
  /** Bytes of the stream up to and including the record of `headHash`. */
  readonly bytes: number;
}

/**
 * Opens an evidence stream for writing, as its only writer, and continues it where it ends (wire-format.md section 5,
 * upstream-weaknesses.md rows 9 to 15).
 *
 * Appends may be made at any rate: those that wait at the same time are written together and made durable by one `fdatasync`. Times of
 * records never go back by less than a minute; after a greater correction of the clock they do, and a note says so.
 *
 * @throws RuntimeFailure CAVRA-E502 another process writes, CAVRA-E501 the disk fails
 * @throws ConfigurationError CAVRA-E208 folder or stream are not usable
 * @throws EvidenceError CAVRA-E404 the stream ends in something that is no record
 */
export async function openEvidenceRecorder(options: EvidenceRecorderOptions): Promise<FileEvidenceRecorder> {
  const { folder, fileName = STREAM_FILE, clock, randomBytes, lockWaitMs } = options;
  const lock = await acquireWriterLock({
    folder,
    stream: fileName,
    clock,
    randomBytes,
    ...(lockWaitMs === undefined ? {} : { waitMs: lockWaitMs }),
  });
  try {
    const earlier = (await options.beforeOpening?.()) ?? [];
    const file = await StreamFile.open(folder, fileName);
    try {
      const { last, notes } = await repairStream(file, folder, fileName);
      return new StreamRecorder(options, lock, file, last, [...earlier, ...notes]);
    } catch (error) {
      await file.close();
      throw error;
    }
  } catch (error) {
    await lock.release();
    throw error;
  }
}

interface PendingAppend {
  readonly request: EvaluateRequest;
  readonly response: DecisionResponse;
  resolve(record: EvidenceRecord): void;
  reject(error: CavraError): void;
}

interface SealedAppend extends PendingAppend {
  readonly record: EvidenceRecord;
  /** The record's line with its LF. */
  readonly bytes: Buffer;
}

/** What the next record continues. */
type ChainEnd = Pick<LastRecord, 'sequence' | 'recordHash'>;

const BEGINNING: ChainEnd = { sequence: 0, recordHash: '' };

class StreamRecorder implements FileEvidenceRecorder {
  readonly #options: EvidenceRecorderOptions;
  readonly #lock: WriterLock;
  readonly #file: StreamFile;
  readonly #clock: SteadyClock;
  readonly #notes: string[];
  /** The last durable record. */
  #last: ChainEnd;
  /** Where it ends. */
  #bytes: number;
  readonly #queue: PendingAppend[] = [];
  #draining: Promise<void> | undefined;
  #closed = false;

  constructor(
    options: EvidenceRecorderOptions,
    lock: WriterLock,
    file: StreamFile,
    last: LastRecord | undefined,
    notes: string[],
  ) {
    this.#options = options;
    this.#lock = lock;
    this.#file = file;
    this.#last = last ?? BEGINNING;
    this.#bytes = file.size;
    this.#notes = notes;
    this.#clock = new SteadyClock(options.clock, last?.time, (note) => this.#notes.push(note));
  }

  get records(): number {
    return this.#last.sequence;
  }

  get headHash(): string {
    return this.#last.recordHash;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get notes(): readonly string[] {
    return this.#notes;
  }

  append(request: EvaluateRequest, response: DecisionResponse): Promise<EvidenceRecord> {
    if (this.#closed) {
      return Promise.reject(new RuntimeFailure('CAVRA-E501', 'the evidence recorder is closed'));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ request, response, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  async close(): Promise<void> {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    await this.#draining;
    try {
      await this.#file.close();
    } finally {
      await this.#lock.release();
    }
  }

  async #drain(): Promise<void> {
    // Whoever appends in the same turn of the event loop, for whichever client, is part of the first batch.
    await endOfTurn();
    while (this.#queue.length > 0) {
      await this.#writeBatch(this.#sealBatch());
    }
    this.#draining = undefined;
  }

  /** Takes what waits, up to the limits of one batch. An append that cannot be sealed fails alone. */
  #sealBatch(): readonly SealedAppend[] {
    const batch: SealedAppend[] = [];
    let bytes = 0;
    let last = this.#last;
    while (batch.length < RECORDER_BATCH_RECORDS && bytes < RECORDER_BATCH_BYTES) {
      const pending = this.#queue.shift();
      if (pending === undefined) {
        break;
      }
      try {
        const { line, record } = this.#seal(pending, last);
        const sealed = { ...pending, record, bytes: Buffer.from(`${line}\n`) };
        this.#requireRecordable(sealed.bytes);
        batch.push(sealed);
        bytes += sealed.bytes.length;
        last = { sequence: last.sequence + 1, recordHash: record.record_hash ?? '' };
      } catch (error) {
        pending.reject(asCavraError(error));
      }
    }
    return batch;
  }

  #seal({ request, response }: PendingAppend, last: ChainEnd): SealedRecord {
    const recordId = Buffer.from(this.#options.randomBytes(12)).toString('hex');
    const evidenceRefs = [...(response.evidence_refs ?? []), `go-daemon-evidence://${recordId}`];
    const unsealed = {
      recordId,
      sequence: BigInt(last.sequence + 1),
      previousHash: last.recordHash,
      timestamp: formatTimestamp(this.#clock.now()),
      request: redactRequest(request),
      response: { ...redactResponse(response), evidence_refs: evidenceRefs },
    };
    return sealRecord(unsealed, this.#options.signingKey);
  }

  #requireRecordable(bytes: Buffer): void {
    if (bytes.length - 1 > MAX_RECORD_BYTES) {
      const message = `the record would have ${bytes.length - 1} bytes, at most ${MAX_RECORD_BYTES} are allowed`;
      throw new RuntimeFailure('CAVRA-E505', message);
    }
    const hits = this.#options.searcher.find(bytes);
    if (hits.length > 0) {
      const found = hits.map(({ name, form }) => (form === 'raw' ? name : `${name} (${form})`));
      throw new SecretFoundError('CAVRA-E601', `the record would hold ${found.join(', ')}; it was not written`);
    }
  }

  async #writeBatch(batch: readonly SealedAppend[]): Promise<void> {
    const newest = batch.at(-1);
    if (newest === undefined) {
      return;
    }
    try {
      if (!this.#lock.isHeld()) {
        throw new RuntimeFailure('CAVRA-E503', 'the lock of the evidence stream was removed while it was written');
      }
      await this.#file.append(Buffer.concat(batch.map(({ bytes }) => bytes)));
    } catch (error) {
      const failure = asCavraError(error);
      for (const { reject } of batch) {
        reject(failure);
      }
      return;
    }
    this.#last = { sequence: this.#last.sequence + batch.length, recordHash: newest.record.record_hash ?? '' };
    this.#bytes = this.#file.size;
    for (const { resolve, record } of batch) {
      resolve(record);
    }
  }
}

function asCavraError(error: unknown): CavraError {
  if (error instanceof CavraError) {
    return error;
  }
  return new RuntimeFailure('CAVRA-E501', 'the record could not be written', { cause: error });
}
