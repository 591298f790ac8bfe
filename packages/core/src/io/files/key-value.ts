import { Buffer } from 'node:buffer';
import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { type KeyValue, keyFault, pathIn } from '../../domain/keys/key-form.ts';
import { MAX_SECRET_FILE_BYTES } from '../../domain/limits.ts';
import { FileProblem, readRegularFile } from './read-regular-file.ts';

/**
 * Reads the key that a variable holds, or that the file holds whose absolute path stands in it: GitLab's variables of type file and
 * Azure's secure files. A file of the workspace is not read: whoever changes the repository would choose the key.
 *
 * @param workspace absolute; undefined: there is none
 */
export async function readKeyValue(text: string, workspace: string | undefined): Promise<KeyValue> {
  const given = Buffer.from(text, 'utf8');
  const fault = keyFault(given);
  const path = pathIn(given);
  if (path === undefined || !isAbsolute(path)) return { bytes: given, fault };
  try {
    if (workspace !== undefined && isInside(path, workspace)) throw new FileProblem('unreadable', INSIDE);
    const bytes = await readRegularFile(path, MAX_SECRET_FILE_BYTES);
    return { bytes, fault: keyFault(bytes), isFile: true };
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    // What only looks like a path is a key like any other.
    return { bytes: given, fault: fault && { ...fault, is: `${fault.is} that ${error.message}` } };
  }
}

const INSIDE = 'lies in the workspace, where a commit could choose the key';

function isInside(path: string, workspace: string): boolean {
  const way = relative(realPath(workspace), join(realPath(dirname(path)), basename(path)));
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}
