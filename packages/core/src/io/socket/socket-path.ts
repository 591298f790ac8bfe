import { constants, type Stats } from 'node:fs';
import { chmod, chown, lstat, mkdir, open, realpath, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { ConfigurationError, RuntimeFailure } from '../../domain/diagnosis.ts';
import { MAX_SOCKET_PATH_BYTES } from '../../domain/limits.ts';
import { changeableAncestor } from '../files/writable-by-others.ts';
import { describeSystemError, errorCode } from '../system/system-error.ts';

/** Where a daemon listens: a socket in a folder that nobody else may write to, and never in the place of anybody else's file. */

export interface SocketPlace {
  /** What to listen on and to connect to. */
  readonly path: string;
  /** Group id that may connect; absent: the daemon's user alone. */
  readonly group?: number;
}

/** The socket that a daemon made, by which it knows it again after a crash. */
export interface SocketMark {
  readonly path: string;
  readonly dev: string;
  readonly ino: string;
}

const PIPE = /^\\\\[.?]\\pipe\\[^\\]+$/iu;
const PERMISSIONS = 0o777;
const OTHERS = 0o007;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Makes sure that the folder of a socket is private: the daemon's own, writable by nobody else, as are all folders above it. It is
 * created when it is missing.
 *
 * @param path absolute, or the name of a Windows pipe
 * @throws ConfigurationError CAVRA-E231
 */
export async function prepareSocketPlace(path: string, group: number | undefined): Promise<SocketPlace> {
  if (process.platform === 'win32') {
    if (!PIPE.test(path)) {
      throw refusal(path, 'on Windows it must be a named pipe, \\\\.\\pipe\\NAME');
    }
    return { path };
  }
  try {
    const folder = await privateFolder(dirname(path), group);
    const real = join(folder, basename(path));
    if (Buffer.byteLength(real) > MAX_SOCKET_PATH_BYTES) {
      throw refusal(path, `it is longer than ${MAX_SOCKET_PATH_BYTES} bytes, which systems do not allow`);
    }
    return { path: real, ...(group === undefined ? {} : { group }) };
  } catch (error) {
    throw error instanceof ConfigurationError ? error : refusal(path, describeSystemError(error), error);
  }
}

/**
 * Makes a folder the daemon's alone (or its group's, to look into), and refuses one that others could change.
 *
 * @returns its path without links
 * @throws ConfigurationError CAVRA-E231, or the system's error
 */
async function privateFolder(folder: string, group: number | undefined): Promise<string> {
  await mkdir(dirname(folder), { recursive: true, mode: 0o755 });
  const created = await mkdir(folder, { mode: 0o700 }).then(
    () => true,
    (error: unknown) => {
      if (errorCode(error) === 'EEXIST') return false;
      throw error;
    },
  );
  if ((await lstat(folder)).isSymbolicLink()) {
    throw refusal(folder, 'its folder is a link');
  }
  const real = await realpath(folder);
  if (created && group !== undefined) {
    await chown(real, -1, group);
    await chmod(real, 0o750);
  }
  requirePrivate(real, await lstat(real), group);
  await requireSafeAncestors(real);
  return real;
}

function requirePrivate(folder: string, stats: Stats, group: number | undefined): void {
  const user = process.geteuid?.();
  if (!stats.isDirectory()) {
    throw refusal(folder, 'it is not a folder');
  }
  if (stats.uid !== user && stats.uid !== 0) {
    throw refusal(folder, 'the folder belongs to another user');
  }
  const mode = stats.mode & PERMISSIONS;
  const allowed = group === undefined ? 0o700 : 0o750;
  if ((mode & ~allowed) !== 0) {
    const why =
      (mode & OTHERS) !== 0 || (mode & WRITABLE_BY_OTHERS) !== 0 ? 'others may use it' : 'its group may use it';
    throw refusal(folder, `the folder has mode ${octal(mode)} (${why}), expected ${octal(allowed)}`);
  }
  if (group !== undefined && stats.gid !== group && (mode & 0o070) !== 0) {
    throw refusal(folder, 'the folder belongs to another group than the configured one');
  }
}

/** Whoever may write to a folder above could put another one in its place. */
async function requireSafeAncestors(folder: string): Promise<void> {
  const changeable = await changeableAncestor(folder);
  if (changeable !== undefined) {
    throw refusal(folder, `others may write to ${changeable}, which is above it`);
  }
}

/**
 * Clears the way for listening: a dead socket that this daemon made before is removed; anything else is left alone and refused.
 *
 * @param made the socket that this daemon made last
 * @throws ConfigurationError CAVRA-E231 something else is there; RuntimeFailure CAVRA-E522 somebody listens
 */
export async function clearSocketPath({ path }: SocketPlace, made: SocketMark | undefined): Promise<void> {
  if (process.platform === 'win32') {
    return;
  }
  const found = await lstat(path, { bigint: true }).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw refusal(path, describeSystemError(error), error);
  });
  if (found === undefined) {
    return;
  }
  if (!found.isSocket()) {
    throw refusal(path, 'there is a file of somebody else, which is left alone');
  }
  if (await somebodyListens(path)) {
    throw new RuntimeFailure('CAVRA-E522', `somebody listens on ${path}`);
  }
  if (made === undefined || made.path !== path || made.dev !== String(found.dev) || made.ino !== String(found.ino)) {
    throw refusal(path, 'there is a dead socket that this daemon did not make; remove it if nobody needs it');
  }
  await rm(path);
}

/** Gives the socket that is now being listened on to those who may connect, and tells how to know it again. */
export async function markSocket({ path, group }: SocketPlace): Promise<SocketMark> {
  if (process.platform === 'win32') {
    return { path, dev: '', ino: '' };
  }
  try {
    if (group !== undefined) {
      await chown(path, -1, group);
    }
    await chmod(path, group === undefined ? 0o600 : 0o660);
    const { dev, ino } = await lstat(path, { bigint: true });
    return { path, dev: String(dev), ino: String(ino) };
  } catch (error) {
    throw refusal(path, describeSystemError(error), error);
  }
}

const CONNECT_MS = 2_000;

function somebodyListens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const settle = (listens: boolean) => {
      socket.destroy();
      resolve(listens);
    };
    socket.setTimeout(CONNECT_MS, () => settle(true));
    socket.once('connect', () => settle(true));
    // Only a refused connection shows that nobody is there; anything else may be a listener that is busy.
    socket.once('error', (error) => settle(errorCode(error) !== 'ECONNREFUSED'));
  });
}

/**
 * The number of a group.
 *
 * @throws ConfigurationError CAVRA-E231 there is no such group
 */
export async function groupId(group: string | number): Promise<number> {
  if (typeof group === 'number') {
    return group;
  }
  const found = await findGroup(group);
  if (found === undefined) {
    throw new ConfigurationError(
      'CAVRA-E231',
      `there is no group ${group} in /etc/group; its number can be given instead`,
    );
  }
  return found;
}

const MAX_GROUP_FILE_BYTES = 1024 * 1024;

async function findGroup(name: string): Promise<number | undefined> {
  const file = await open('/etc/group', constants.O_RDONLY).catch(() => undefined);
  try {
    const { bytesRead, buffer } = (await file?.read(Buffer.alloc(MAX_GROUP_FILE_BYTES))) ?? { bytesRead: 0 };
    const lines = buffer?.toString('latin1', 0, bytesRead).split('\n') ?? [];
    const id = lines.map((line) => line.split(':')).find(([each]) => each === name)?.[2];
    return id === undefined || !/^[0-9]{1,10}$/.test(id) ? undefined : Number(id);
  } finally {
    await file?.close();
  }
}

/** The absolute path of a configured socket; a pipe's name is one already. */
export function resolveSocketPath(folder: string, path: string): string {
  return PIPE.test(path) ? path : resolve(folder, path);
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

function refusal(path: string, reason: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('CAVRA-E231', `cannot listen on ${path}: ${reason}`, { cause });
}
