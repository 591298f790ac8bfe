import { lstat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { ConfigurationError, RuntimeFailure } from '../../domain/diagnosis.ts';
import { EMPTY_KEYRING, type KeyringJson, keyringText, parseKeyringJson } from '../../domain/keys/keyring-edit.ts';
import { MAX_CONFIGURATION_FILE_BYTES } from '../../domain/limits.ts';
import { writeFileDurably } from './durable-file.ts';
import { FileProblem, readRegularFile } from './read-regular-file.ts';

const PERMISSIONS = 0o777;
/** A keyring holds no secret, and whoever verifies needs it. */
const READABLE = 0o644;

/**
 * Changes a keyring file: whole, durably, and only if it is still as it was read.
 *
 * @param path absolute
 * @param name how messages call it
 * @param create whether a file that is not there is an empty keyring
 * @returns the keyring as it was written
 * @throws ConfigurationError CAVRA-E209 it cannot be read, is no keyring, or would be none; CAVRA-E219 it cannot be written
 */
export async function changeKeyring(
  path: string,
  name: string,
  create: boolean,
  change: (keyring: KeyringJson) => KeyringJson,
): Promise<KeyringJson> {
  const before = await read(path, name, create);
  const changed = change(before === undefined ? EMPTY_KEYRING : parseKeyringJson(before, name));
  const text = Buffer.from(keyringText(changed), 'utf8');
  // What is written must be what every reader takes.
  const written = parseKeyringJson(text, name);
  const now = await read(path, name, create);
  if ((before === undefined) !== (now === undefined) || Buffer.compare(before ?? text, now ?? text) !== 0) {
    throw new ConfigurationError('CAVRA-E209', `the keyring ${name} was changed by somebody else meanwhile`);
  }
  await write(path, name, text);
  return written;
}

async function read(path: string, name: string, create: boolean): Promise<Uint8Array | undefined> {
  try {
    return await readRegularFile(path, MAX_CONFIGURATION_FILE_BYTES);
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    if (create && error.code === 'missing') return undefined;
    throw new ConfigurationError('CAVRA-E209', `the keyring ${name} ${error.message}`, { cause: error });
  }
}

async function write(path: string, name: string, bytes: Uint8Array): Promise<void> {
  const mode = await lstat(path).then(
    (stats) => stats.mode & PERMISSIONS,
    () => READABLE,
  );
  try {
    await writeFileDurably(dirname(path), basename(path), bytes, mode);
  } catch (error) {
    if (!(error instanceof RuntimeFailure)) throw error;
    throw new ConfigurationError('CAVRA-E219', `the keyring ${name} was not changed: ${error.message}`, {
      cause: error,
    });
  }
}
