import { type BigIntStats, constants } from 'node:fs';
import { lstat, open, readdir, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ConfigurationError, EvidenceError } from '../../domain/diagnosis.ts';
import { KNOWN_EVIDENCE_FILES, STREAM_FILE } from '../../domain/evidence/files.ts';
import type { RecordReader } from '../../domain/evidence/record-reader.ts';
import { SLOT } from '../../domain/evidence/slots.ts';
import { sameRun } from '../../domain/identity/same-run.ts';
import type { HmacVerificationKey } from '../../domain/keys/hmac-keys.ts';
import { FILE_CHUNK_BYTES, MAX_RECORD_BYTES } from '../../domain/limits.ts';
import type { FindingPlace } from '../../domain/verification/findings.ts';
import { LineSplitter } from '../../domain/verification/line-splitter.ts';
import { StreamVerifier } from '../../domain/verification/verifier.ts';
import type { RunnerIdentity } from '../../domain/wire/messages.ts';
import { NO_FOLLOW, NON_BLOCKING, syncFolder } from '../files/durable-file.ts';
import { createSibling } from '../files/sibling-folder.ts';
import { lockPrefix } from '../locks/lock-file.ts';
import { describeSystemError } from '../system/system-error.ts';

export interface EarlierEvidenceOptions {
  /** Absolute path of the evidence folder. This process must be its only writer. */
  readonly folder: string;
  /** This run. */
  readonly identity: RunnerIdentity;
  /** The evidence keys that this run holds; a stream that names none of them is not this run's. */
  readonly keys: readonly HmacVerificationKey[];
}

const MAX_NAMES_IN_NOTE = 10;
const LABEL_DIGITS = 12;

/**
 * Decides about what already is in the evidence folder (upstream-weaknesses.md row 37: a repository can commit one). A stream is
 * continued only when it verifies as a whole under this run's keys and every record is of this run. Anything else of the known files
 * is moved to a new folder beside this one, where nothing publishes it. Unknown files are left alone, and never published either.
 *
 * @returns what a reader of the report must know
 * @throws EvidenceError CAVRA-E404 the stream says that it is this run's, under a key of this run, but does not verify; it stays
 * @throws ConfigurationError CAVRA-E208 files cannot be read or moved
 */
export async function continueOrSetAside(options: EarlierEvidenceOptions): Promise<readonly string[]> {
  const { folder } = options;
  try {
    const found = await listFolder(folder);
    const verdict = await judgeStream(options, found);
    const moved = verdict.continues ? found.irregular : [...found.regular, ...found.irregular];
    const notes = moved.length === 0 ? [] : [await setAside(folder, moved, verdict)];
    return found.unknown.length === 0 ? notes : [...notes, unknownFilesNote(found.unknown)];
  } catch (error) {
    if (error instanceof EvidenceError) {
      throw error;
    }
    const message = `cannot look after earlier evidence: ${describeSystemError(error)}`;
    throw new ConfigurationError('CAVRA-E208', message, { cause: error });
  }
}

interface FolderContent {
  /** Known names that are files as the gate writes them ... */
  readonly regular: readonly string[];
  /** ... and known names that are links, pipes, folders or have a second name elsewhere. */
  readonly irregular: readonly string[];
  readonly unknown: readonly string[];
}

async function listFolder(folder: string): Promise<FolderContent> {
  const names = (await readdir(folder)).sort();
  const known = names.filter((name) => KNOWN_EVIDENCE_FILES.some((each) => each === name));
  const ordinary = await Promise.all(known.map(async (name) => isOrdinary(await lstat(join(folder, name), BIGINT))));
  return {
    regular: known.filter((_, index) => ordinary[index]),
    irregular: known.filter((_, index) => !ordinary[index]),
    unknown: names.filter((name) => !known.includes(name) && !name.startsWith(lockPrefix(STREAM_FILE))),
  };
}

const BIGINT = { bigint: true } as const;

function isOrdinary(stats: BigIntStats): boolean {
  return stats.isFile() && stats.nlink === 1n;
}

interface Verdict {
  readonly continues: boolean;
  /** Why not; for people. */
  readonly reason: string;
  /** Beginning of the stream's id, or what stands for it. */
  readonly label: string;
}

const NO_STREAM: Verdict = { continues: false, reason: 'there is no evidence stream', label: 'unknown' };

async function judgeStream(options: EarlierEvidenceOptions, { regular, irregular }: FolderContent): Promise<Verdict> {
  if (irregular.includes(STREAM_FILE)) {
    return { ...NO_STREAM, reason: `${STREAM_FILE} is not an ordinary file` };
  }
  if (!regular.includes(STREAM_FILE)) {
    return NO_STREAM;
  }
  const judge = new StreamJudge(options);
  await readChunks(join(options.folder, STREAM_FILE), (chunk) => judge.write(chunk));
  return judge.finish();
}

/** @param take gets each chunk, which is reused; returns whether it wants more */
async function readChunks(path: string, take: (chunk: Uint8Array) => boolean): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | NO_FOLLOW | NON_BLOCKING);
  try {
    const buffer = Buffer.allocUnsafe(FILE_CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0 || !take(buffer.subarray(0, bytesRead))) {
        return;
      }
    }
  } finally {
    await handle.close();
  }
}

/** Verifies a stream and compares every record's runner with this run. */
class StreamJudge {
  readonly #options: EarlierEvidenceOptions;
  readonly #verifier: StreamVerifier;
  readonly #splitter: LineSplitter;
  #lines = 0;
  /** Why the first record is not this run's under one of its keys; undefined: it is. */
  #notOurs: string | undefined = 'its first line is not a record';
  #label = NO_STREAM.label;
  #ofOtherRun = 0;
  #lastIdentity = '';
  #lastIsOfThisRun = false;

  constructor(options: EarlierEvidenceOptions) {
    this.#options = options;
    const observer = {
      record: (record: RecordReader, place: FindingPlace) => this.#observe(record, place),
      finish: () => undefined,
    };
    this.#verifier = new StreamVerifier({
      signatures: { mode: 'required', keys: options.keys },
      observers: [observer],
    });
    this.#splitter = new LineSplitter(
      {
        push: (line, place) => {
          this.#verifier.push(line, place);
          this.#lines += 1;
        },
        pushOverlong: (place) => {
          this.#verifier.pushOverlong(place);
          this.#lines += 1;
        },
      },
      MAX_RECORD_BYTES,
    );
  }

  /** Returns false when the rest cannot change the verdict. */
  write(chunk: Uint8Array): boolean {
    this.#splitter.write(chunk);
    return this.#lines === 0 || this.#notOurs === undefined;
  }

  finish(): Verdict {
    this.#splitter.end();
    if (this.#lines === 0) {
      return { ...NO_STREAM, reason: 'the evidence stream is empty' };
    }
    if (this.#notOurs !== undefined) {
      return { continues: false, reason: this.#notOurs, label: this.#label };
    }
    this.#requireValid();
    const reason = this.#ofOtherRun === 0 ? '' : `${this.#ofOtherRun} of its records are of another run`;
    return { continues: this.#ofOtherRun === 0, reason, label: this.#label };
  }

  /** A torn last line is what a crash leaves; the recorder sets it aside. */
  #requireValid(): void {
    const { findings } = this.#verifier;
    const errors = findings.kept.filter(({ severity }) => severity === 'error');
    const first = errors.find(({ code }) => code !== 'torn_line');
    if (first !== undefined) {
      const message = `line ${first.line} of ${STREAM_FILE}: ${first.message}`;
      throw new EvidenceError('CAVRA-E404', `the evidence of this run does not verify: ${message}`);
    }
  }

  #observe(record: RecordReader, place: FindingPlace): void {
    const ofThisRun = this.#isOfThisRun(record);
    if (place.record === 1) {
      this.#label = record.recordHash.slice(0, LABEL_DIGITS) || NO_STREAM.label;
      this.#notOurs = this.#whyNotOurs(record, ofThisRun);
    }
    this.#ofOtherRun += ofThisRun ? 0 : 1;
  }

  #whyNotOurs({ scan }: RecordReader, ofThisRun: boolean): string | undefined {
    if (!scan.has(SLOT.signature)) {
      return 'its first record is not signed';
    }
    const keyId = scan.text(SLOT.signatureKeyId);
    if (!this.#options.keys.some(({ id }) => id === keyId)) {
      return 'its first record is signed with a key that this run does not hold';
    }
    return ofThisRun ? undefined : 'its first record is of another run';
  }

  #isOfThisRun({ scan }: RecordReader): boolean {
    const json = scan.has(SLOT.identity) ? scan.json(SLOT.identity) : '{}';
    if (json !== this.#lastIdentity) {
      this.#lastIdentity = json;
      // The line is canonical: this is an object of strings.
      this.#lastIsOfThisRun = sameRun(JSON.parse(json) as RunnerIdentity, this.#options.identity);
    }
    return this.#lastIsOfThisRun;
  }
}

async function setAside(folder: string, names: readonly string[], { reason, label }: Verdict): Promise<string> {
  const target = await createSibling(`${folder}.previous-${label}`);
  for (const name of names) {
    await rename(join(folder, name), join(target, name));
  }
  await syncFolder(target);
  await syncFolder(folder);
  const why = reason === '' ? 'they are not ordinary files' : reason;
  return `files that were in the evidence folder before (${why}) were moved to ${basename(target)}: ${list(names)}`;
}

function unknownFilesNote(names: readonly string[]): string {
  return `files in the evidence folder that are not the gate’s are left alone and not published: ${list(names)}`;
}

/** Names from a folder, as they may stand in a message. */
function list(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES_IN_NOTE).map((name) => name.replace(/[^\x20-\x7e]/g, '?').slice(0, 80));
  const rest = names.length - shown.length;
  return rest === 0 ? shown.join(', ') : `${shown.join(', ')} and ${rest} more`;
}
