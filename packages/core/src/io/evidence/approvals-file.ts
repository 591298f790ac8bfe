import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { RuntimeFailure, SecretFoundError } from '../../domain/diagnosis.ts';
import { APPROVALS_FILE, STREAM_FILE } from '../../domain/evidence/files.ts';
import { MAX_APPROVALS_LINE_BYTES } from '../../domain/limits.ts';
import type { SecretSearcher } from '../../domain/secrets/searcher.ts';
import { syncFolder, writeAll } from '../files/durable-file.ts';
import { NO_FOLLOW } from '../files/open-no-follow.ts';
import { describeSystemError, errorCode } from '../system/system-error.ts';
import { findRecord } from './find-record.ts';

/**
 * Appends to the approvals file of one evidence folder, as its only writer. A line is durable before the record that refers to it is
 * written, so that no record refers to a line that is not there.
 */
export class ApprovalsFile {
  readonly #folder: string;
  readonly #searcher: SecretSearcher;
  #handle: FileHandle | undefined;

  /** @param folder absolute */
  constructor(folder: string, searcher: SecretSearcher) {
    this.#folder = folder;
    this.#searcher = searcher;
  }

  /**
   * Adds a line; durable when it returns.
   *
   * @param line without its line end
   * @throws RuntimeFailure CAVRA-E501 it is not written, CAVRA-E505 it is too large; SecretFoundError CAVRA-E601 it would hold a secret
   */
  async append(line: string): Promise<void> {
    const bytes = Buffer.from(`${line}\n`, 'utf8');
    if (bytes.length > MAX_APPROVALS_LINE_BYTES) {
      const message = `the line of the approvals would have ${bytes.length} bytes, at most ${MAX_APPROVALS_LINE_BYTES} are allowed`;
      throw new RuntimeFailure('CAVRA-E505', message);
    }
    const [hit] = this.#searcher.find(bytes);
    if (hit !== undefined) {
      throw new SecretFoundError('CAVRA-E601', `the approvals would hold ${hit.name}; they were not written`);
    }
    try {
      const handle = await this.#open();
      await this.#write(handle, bytes);
    } catch (error) {
      throw notWritten(error);
    }
  }

  /** A line whose end could not be written does not stay: the next one would stand behind it. */
  async #write(handle: FileHandle, bytes: Buffer): Promise<void> {
    const { size } = await handle.stat();
    try {
      await writeAll(handle, bytes, size);
      await handle.datasync();
    } catch (error) {
      await handle.truncate(size).catch(() => undefined);
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }

  async #open(): Promise<FileHandle> {
    if (this.#handle === undefined) {
      const flags = constants.O_WRONLY | constants.O_CREAT | NO_FOLLOW;
      this.#handle = await open(join(this.#folder, APPROVALS_FILE), flags, 0o600);
      await syncFolder(this.#folder);
    }
    return this.#handle;
  }
}

/**
 * Removes what a run that was killed left at the end of the file: a torn line, and a line whose record was never written. Neither decided
 * anything.
 *
 * @param folder absolute; this process is its only writer
 * @returns what a reader of the report must know
 * @throws RuntimeFailure CAVRA-E501
 */
export async function repairApprovals(folder: string): Promise<readonly string[]> {
  try {
    const handle = await open(join(folder, APPROVALS_FILE), constants.O_RDWR | NO_FOLLOW);
    try {
      const bytes = await handle.readFile();
      const kept = await lastRecorded(folder, bytes);
      if (kept === bytes.length) return [];
      await handle.truncate(kept);
      await handle.sync();
      return [`the last line of ${APPROVALS_FILE} belonged to no record and was removed`];
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw notWritten(error);
  }
}

/** Where the last line ends whose record is in the stream. */
async function lastRecorded(folder: string, bytes: Buffer): Promise<number> {
  let end = bytes.lastIndexOf('\n') + 1;
  while (end > 0) {
    const start = bytes.lastIndexOf('\n', end - 2) + 1;
    const [, recordId = ''] = RECORD_ID.exec(bytes.toString('latin1', start, Math.min(end, start + HEAD_BYTES))) ?? [];
    if (recordId !== '' && (await findRecord(join(folder, STREAM_FILE), recordId)) !== undefined) return end;
    end = start;
  }
  return 0;
}

/** `record_id` is the third member of a line. */
const RECORD_ID = /^\{"schema_version":"[^"]*","request_sha256":"[0-9a-f]{64}","record_id":"([0-9a-f]{24})"/u;
const HEAD_BYTES = 256;

function notWritten(error: unknown): RuntimeFailure {
  const message = `cannot write ${APPROVALS_FILE}: ${describeSystemError(error)}`;
  return new RuntimeFailure('CAVRA-E501', message, { cause: error });
}
