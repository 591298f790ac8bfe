import { constants, lstatSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { NO_FOLLOW } from '../files/durable-file.ts';
import { readRegularFile } from '../files/read-regular-file.ts';
import type { ProcessPlace } from '../system/process-state.ts';

/** The files that stand for the writers of a stream: how they are named, what is in them, and reading those of others. */

/** Who wants to write, for people; what of it is not known is left out. */
interface WriterNote {
  readonly pid?: number;
  readonly host?: string;
  readonly pid_namespace?: string;
  readonly created_at?: string;
}

/** What the name of a lock's file says, so that it is known from the moment on in which the file is there. */
export interface LockName {
  readonly pid: number;
  /** As `currentStartTime` gives it. */
  readonly startTime: string;
  /** Digest of the place. */
  readonly place: string;
}

const NAME_END = /^([1-9][0-9]{0,9})-([0-9]{1,20})-([0-9a-f]{16})-[0-9a-f]{32}$/;
const MAX_PID = 2 ** 31 - 1;
const MAX_NOTE_BYTES = 4096;

/** What the names of all lock files of a stream begin with. */
export function lockPrefix(stream: string): string {
  return `${stream}.lock-`;
}

/** @param random 32 hex digits, never used before */
export function lockFileName(stream: string, { pid, startTime, place }: LockName, random: string): string {
  return `${lockPrefix(stream)}${pid}-${startTime}-${place}-${random}`;
}

/** Content of this process's lock file. */
export function lockNote({ host, pidNamespace }: ProcessPlace, createdAt: string): string {
  const note: WriterNote = {
    pid: process.pid,
    host,
    ...(pidNamespace === '' ? {} : { pid_namespace: pidNamespace }),
    created_at: createdAt,
  };
  return `${JSON.stringify(note)}\n`;
}

/** The lock's file of this process. */
export class OwnLockFile {
  readonly path: string;
  readonly #content: string;
  /** Milliseconds of the file system's clock. */
  readonly createdAt: number;

  private constructor(path: string, content: string, createdAt: number) {
    this.path = path;
    this.#content = content;
    this.createdAt = createdAt;
  }

  static create(path: string, content: string): OwnLockFile {
    try {
      writeFileSync(path, content, { flag: 'wx', mode: 0o600 });
      return new OwnLockFile(path, content, lstatSync(path).mtimeMs);
    } catch (error) {
      // The name has a random part: what is there is this process's own.
      rmSync(path, { force: true });
      throw error;
    }
  }

  isThere(): boolean {
    return lstatSync(this.path, { throwIfNoEntry: false })?.isFile() === true;
  }

  /** Moves the file's time on. When that fails the lock ages, and `isThere` tells when somebody took it for dead. */
  async refresh(): Promise<void> {
    await writeFile(this.path, this.#content, { flag: constants.O_WRONLY | NO_FOLLOW }).catch(() => undefined);
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }
}

/** The lock's file of another writer, dead or alive. */
export class OtherLockFile {
  readonly path: string;
  /** Undefined: not a name of ours; perhaps of another version, so it is not simply passed over. */
  readonly name: LockName | undefined;

  /** @param nameEnd the file's name without `lockPrefix` */
  constructor(path: string, nameEnd: string) {
    this.path = path;
    this.name = parseName(nameEnd);
  }

  /** Milliseconds of the file system's clock; undefined when there is no such file (any more). */
  changedAt(): number | undefined {
    const stats = lstatSync(this.path, { throwIfNoEntry: false });
    // A writer's file is created as a regular one; nobody can have put anything else in its place.
    return stats?.isFile() === true ? stats.mtimeMs : undefined;
  }

  /** Who it is, for people. */
  async describe(): Promise<string> {
    const note = await this.#readNote();
    const pid = this.name?.pid ?? note.pid;
    const parts = [
      pid === undefined ? 'another process' : `process ${pid}`,
      typeof note.host === 'string' ? ` on ${printable(note.host)}` : '',
      typeof note.created_at === 'string' ? ` since ${printable(note.created_at)}` : '',
    ];
    return parts.join('');
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }

  async #readNote(): Promise<WriterNote> {
    try {
      const note: unknown = JSON.parse(Buffer.from(await readRegularFile(this.path, MAX_NOTE_BYTES)).toString('utf8'));
      return typeof note === 'object' && note !== null ? note : {};
    } catch {
      return {};
    }
  }
}

function parseName(end: string): LockName | undefined {
  const [, pid, startTime, place] = NAME_END.exec(end) ?? [];
  if (pid === undefined || startTime === undefined || place === undefined || Number(pid) > MAX_PID) {
    return undefined;
  }
  return { pid: Number(pid), startTime, place };
}

/** A name from a file, as it may stand in a message. */
function printable(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, '?').slice(0, 64);
}
