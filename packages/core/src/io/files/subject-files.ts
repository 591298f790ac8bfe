import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { relative, resolve, sep } from 'node:path';
import { ConfigurationError } from '../../domain/diagnosis.ts';
import { oneLine } from '../../domain/json/pointer.ts';
import { FILE_CHUNK_BYTES, MAX_CHECKPOINT_SUBJECTS, MAX_SUBJECT_NAME_LENGTH } from '../../domain/limits.ts';
import { errorCode } from '../system/system-error.ts';
import { NO_FOLLOW, NON_BLOCKING } from './durable-file.ts';
import { expandName, withoutDuplicates } from './expand-names.ts';

/** A file by its content. */
export interface HashedFile {
  /** Relative to the working directory, with slashes. */
  readonly name: string;
  /** Lower-case hex. */
  readonly sha256: string;
}

/**
 * Hashes files of any size: regular ones, no links. Names may be globs.
 *
 * @param names paths and globs, as given
 * @param workingDirectory absolute; what relative names start from
 * @throws ConfigurationError CAVRA-E216 a file cannot be read, or a glob matches nothing; CAVRA-E201 too many files, or too long a name
 */
export async function hashSubjectFiles(
  names: readonly string[],
  workingDirectory: string,
): Promise<readonly HashedFile[]> {
  const expanded: string[] = [];
  for (const name of names) expanded.push(...(await expandSubject(name, workingDirectory)));
  const paths = withoutDuplicates(expanded, workingDirectory);
  if (paths.length > MAX_CHECKPOINT_SUBJECTS) {
    const message = `${paths.length} subjects were given, at most ${MAX_CHECKPOINT_SUBJECTS} are allowed`;
    throw new ConfigurationError('CAVRA-E201', message);
  }
  const files: HashedFile[] = [];
  for (const path of paths) {
    const file = resolve(workingDirectory, path);
    files.push({ name: subjectName(file, workingDirectory), sha256: await hashFile(file, path) });
  }
  return files;
}

async function expandSubject(name: string, workingDirectory: string): Promise<readonly string[]> {
  const matches = await expandName(name, workingDirectory);
  if (matches.length > 0) return matches;
  throw new ConfigurationError('CAVRA-E216', `no subject matches ${oneLine(name)}; links are not followed`);
}

function subjectName(file: string, workingDirectory: string): string {
  const name = relative(workingDirectory, file).split(sep).join('/');
  if (name.length > MAX_SUBJECT_NAME_LENGTH) {
    throw new ConfigurationError(
      'CAVRA-E201',
      `the path of a subject has more than ${MAX_SUBJECT_NAME_LENGTH} characters`,
    );
  }
  return name;
}

/** SHA-256 of a regular file's bytes, lower-case hex. */
async function hashFile(path: string, shown: string): Promise<string> {
  try {
    // Windows has no O_NOFOLLOW; elsewhere the open below also refuses a link that was put there since.
    if ((await lstat(path)).isSymbolicLink()) throw problem(shown, 'is a link');
    const handle = await open(path, constants.O_RDONLY | NO_FOLLOW | NON_BLOCKING);
    try {
      if (!(await handle.stat()).isFile()) throw problem(shown, 'is not a regular file');
      const digest = createHash('sha256');
      const buffer = Buffer.allocUnsafe(FILE_CHUNK_BYTES);
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
        if (bytesRead === 0) return digest.digest('hex');
        digest.update(buffer.subarray(0, bytesRead));
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    const code = errorCode(error);
    throw problem(shown, code === 'ENOENT' ? 'does not exist' : `cannot be read (${code || 'invalid path'})`, error);
  }
}

function problem(path: string, reason: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('CAVRA-E216', `the subject ${oneLine(path)} ${reason}`, { cause });
}
