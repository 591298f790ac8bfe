import { createHash } from 'node:crypto';
import { type FileHandle, open, rename, stat } from 'node:fs/promises';
import type { AuditHead, BundleLine } from '../domain/audit/audit-lines.ts';
import { readAuditLine } from '../domain/audit/read-line.ts';
import { ConfigurationError } from '../domain/diagnosis.ts';
import { MAX_AUDIT_LINE_BYTES } from '../domain/limits.ts';
import { readLines } from '../io/files/read-lines.ts';
import { describeSystemError, errorCode } from '../io/system/system-error.ts';
import type { AuditState } from './audit.ts';

export interface OpenAuditState extends AuditState {
  close(): Promise<void>;
}

/** What was found of a bundle, and in which state its files were. */
interface Entry {
  readonly fingerprint: string;
  readonly line: BundleLine;
}

/**
 * Opens the state of an audit, which an earlier run may have begun: its head, then a line for each bundle that is done, as in the
 * results, with its fingerprint. A last line that was cut short counts for nothing. Only what was found valid is taken from it; anything
 * else is looked at again.
 *
 * @param path absolute
 * @throws ConfigurationError CAVRA-E225 it is no state, or one of another question; CAVRA-E216 and CAVRA-E219 it cannot be read or written
 */
export async function openAuditState(path: string, head: AuditHead): Promise<OpenAuditState> {
  const known = await readState(path, head);
  const file = await startFile(path, [JSON.stringify(head), ...[...known.values()].map(entryText)]);
  let last: Promise<void> = Promise.resolve();
  return {
    known: ({ path: bundle, fingerprint }) => {
      const entry = known.get(bundle);
      return entry?.fingerprint === digest(fingerprint) ? entry.line : undefined;
    },
    add: ({ fingerprint }, line) => {
      if (line.status !== 'valid') return Promise.resolve();
      last = last.then(() => appendLine(file, path, entryText({ fingerprint: digest(fingerprint), line })));
      return last;
    },
    close: async () => {
      await last.catch(() => undefined);
      await file.close();
    },
  };
}

async function readState(path: string, head: AuditHead): Promise<ReadonlyMap<string, Entry>> {
  const known = new Map<string, Entry>();
  if (!(await exists(path))) return known;
  let number = 0;
  for await (const { bytes, terminated } of readLines(path, MAX_AUDIT_LINE_BYTES)) {
    number += 1;
    if (!terminated) break;
    const line = readAuditLine(bytes ?? Buffer.alloc(0), `${path} line ${number}`);
    if (line.kind === 'audit' && number === 1) refuseOther(line, head, path);
    else if (line.kind !== 'bundle' || line.fingerprint === undefined)
      throw noState(`${path} line ${number} is of no state`);
    else known.set(line.path, { fingerprint: line.fingerprint, line });
  }
  return known;
}

function refuseOther({ question, shard }: AuditHead, head: AuditHead, path: string): void {
  if (question !== head.question || shard.index !== head.shard.index || shard.total !== head.shard.total) {
    throw noState(`${path} is the state of another audit: other keys, expectations, version or shard`);
  }
}

/** Written beside the old one and put in its place, so that a stop at any time leaves one of them whole. */
async function startFile(path: string, lines: readonly string[]): Promise<FileHandle> {
  const fresh = `${path}.new`;
  try {
    const file = await open(fresh, 'w', 0o600);
    await file.appendFile(lines.map((line) => `${line}\n`).join(''));
    await rename(fresh, path);
    return file;
  } catch (error) {
    throw unwritable(path, error);
  }
}

async function appendLine(file: FileHandle, path: string, text: string): Promise<void> {
  try {
    await file.appendFile(`${text}\n`);
  } catch (error) {
    throw unwritable(path, error);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw new ConfigurationError('CAVRA-E216', `${path} cannot be read: ${describeSystemError(error)}`, {
      cause: error,
    });
  }
}

function entryText({ line, fingerprint }: Entry): string {
  return JSON.stringify({ ...line, fingerprint });
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function noState(message: string): ConfigurationError {
  return new ConfigurationError('CAVRA-E225', message);
}

function unwritable(path: string, error: unknown): ConfigurationError {
  return new ConfigurationError('CAVRA-E219', `${path} cannot be written: ${describeSystemError(error)}`, {
    cause: error,
  });
}
