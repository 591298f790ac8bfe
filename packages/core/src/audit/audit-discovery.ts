import type { BigIntStats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { ConfigurationError, EvidenceError } from '../domain/diagnosis.ts';
import { KNOWN_EVIDENCE_FILES, STREAM_FILE } from '../domain/evidence/files.ts';
import { MAX_AUDIT_BUNDLES } from '../domain/limits.ts';
import { errorCode } from '../io/system/system-error.ts';
import type { FoundBundle } from './audit.ts';

/**
 * Finds the bundles below some paths: folders that hold an evidence stream, and zips. A path that is itself a folder with a stream, a
 * zip or a stream is a bundle. Links are not followed. The order is that of the paths, below each that of the names.
 *
 * @param paths as given
 * @param workingDirectory absolute
 * @param wanted whether a bundle of this path is to be looked at
 * @throws EvidenceError CAVRA-E403 a path does not exist or holds no bundle at all
 * @throws ConfigurationError CAVRA-E216 a path cannot be read, CAVRA-E217 there are more bundles than MAX_AUDIT_BUNDLES
 */
export async function findBundles(
  paths: readonly string[],
  workingDirectory: string,
  wanted: (path: string) => boolean,
): Promise<readonly FoundBundle[]> {
  const found: FoundBundle[] = [];
  for (const path of paths) {
    let any = false;
    for await (const bundle of walk(path, workingDirectory, true)) {
      any = true;
      if (!wanted(bundle.path)) continue;
      found.push(await describe(bundle, workingDirectory));
      if (found.length > MAX_AUDIT_BUNDLES) {
        throw new ConfigurationError(
          'CAVRA-E217',
          `audit: more than ${MAX_AUDIT_BUNDLES} bundles; divide them with --shard`,
        );
      }
    }
    if (!any) throw new EvidenceError('CAVRA-E403', `${path} holds no evidence folder and no artifact`);
  }
  return found;
}

interface Candidate {
  readonly path: string;
  /** The files that make it up. */
  readonly files: readonly string[];
}

async function* walk(path: string, base: string, isNamed: boolean): AsyncGenerator<Candidate, void, undefined> {
  const stats = await statOf(resolve(base, path), path);
  if (stats.isFile()) {
    // What is named is looked at whatever it is called; a stream may be given by itself.
    if (isNamed || /\.zip$/i.test(path)) yield { path: slashed(path), files: [path] };
    return;
  }
  if (!stats.isDirectory()) {
    if (isNamed) throw new ConfigurationError('CAVRA-E216', `${path} is a link or special file`);
    return;
  }
  const names = (await namesIn(resolve(base, path), path)).sort();
  if (names.includes(STREAM_FILE)) {
    const files = KNOWN_EVIDENCE_FILES.filter((name) => names.includes(name)).map((name) => join(path, name));
    yield { path: slashed(path), files };
    return;
  }
  for (const name of names) yield* walk(join(path, name), base, false);
}

/** Sizes, times and inodes of its files: cheap to ask for, and different as soon as anybody but a forger has changed one. */
async function describe({ path, files }: Candidate, base: string): Promise<FoundBundle> {
  const stats = await Promise.all(files.map((file) => statOf(resolve(base, file), file)));
  return {
    path,
    size: stats.reduce((sum, { size }) => sum + Number(size), 0),
    fingerprint: stats.map(({ size, mtimeNs, ino }) => `${size}-${mtimeNs}-${ino}`).join(' '),
  };
}

async function statOf(absolute: string, path: string): Promise<BigIntStats> {
  try {
    return await lstat(absolute, { bigint: true });
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function namesIn(absolute: string, path: string): Promise<string[]> {
  try {
    return await readdir(absolute);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): ConfigurationError | EvidenceError {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR'
    ? new EvidenceError('CAVRA-E403', `${path} does not exist`, { cause: error })
    : new ConfigurationError('CAVRA-E216', `${path} cannot be read (${code})`, { cause: error });
}

/** Shards are made of paths, which must be the same on all machines. */
function slashed(path: string): string {
  return sep === '\\' ? path.replaceAll('\\', '/') : path;
}
