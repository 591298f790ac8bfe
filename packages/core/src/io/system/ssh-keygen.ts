import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { ConfigurationError } from '../../domain/diagnosis.ts';
import { printable, shortened } from '../../domain/text/printable.ts';
import { describeSystemError, errorCode } from './system-error.ts';

const SSH_KEYGEN = 'ssh-keygen';
const LIST_MS = 10_000;
const MAX_SAID = 300;

/** What ssh-keygen says of a key; it alone opens the file. */
export interface ListedKey {
  /** SHA-256 of the public key's blob, lower-case hex. */
  readonly sha256: string;
  /** As OpenSSH prints it, `SHA256:` and base64. */
  readonly fingerprint: string;
  /** On a FIDO authenticator, which may ask for a touch. */
  readonly onAuthenticator: boolean;
}

/** For example `256 SHA256:…43 characters… ann@laptop (ED25519-SK)`; the comment may hold anything. */
const LISTED = /^\d+ (SHA256:([A-Za-z0-9+/]{43})) .*\(([A-Z0-9-]+)\)$/u;

/**
 * Asks ssh-keygen for the fingerprint of a key: a public one, or a private one, whose passphrase it does not need for that.
 *
 * @param file absolute
 * @throws ConfigurationError CAVRA-E256 there is no ssh-keygen; CAVRA-E257 it finds no key in the file
 */
export async function listKey(file: string): Promise<ListedKey> {
  const said = await promisify(execFile)(SSH_KEYGEN, ['-l', '-E', 'sha256', '-f', file], { timeout: LIST_MS }).catch(
    (error: unknown) => {
      throw notRun(error) ?? new ConfigurationError('CAVRA-E257', `ssh-keygen finds no key in it: ${wordsOf(error)}`);
    },
  );
  const [, fingerprint = '', base64 = '', type = ''] = LISTED.exec(said.stdout.trimEnd()) ?? [];
  if (fingerprint === '') throw new ConfigurationError('CAVRA-E257', 'ssh-keygen finds no single key in it');
  const sha256 = Buffer.from(base64, 'base64').toString('hex');
  return { sha256, fingerprint, onAuthenticator: type.endsWith('-SK') };
}

/**
 * Has ssh-keygen sign a file, into one of its name with `.sig` behind it, which must not exist. It asks for passphrase and touch at the
 * terminal by itself, and what it says goes there.
 *
 * @param key absolute; a private key, or a public one whose private half is in an agent or on an authenticator
 * @param file absolute
 * @throws ConfigurationError CAVRA-E256 there is no ssh-keygen; CAVRA-E257 it did not sign
 */
export async function signFile(namespace: string, key: string, file: string): Promise<void> {
  const child = spawn(SSH_KEYGEN, ['-q', '-Y', 'sign', '-n', namespace, '-f', key, file], {
    stdio: ['inherit', 'ignore', 'inherit'],
    windowsHide: true,
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(notRun(error) ?? error));
    child.once('exit', resolve);
  });
  if (status === 0) return;
  const message = `ssh-keygen did not sign with this key and ended with status ${status ?? 'of a signal'}; its own words stand above`;
  throw new ConfigurationError('CAVRA-E257', message);
}

function notRun(error: unknown): ConfigurationError | undefined {
  if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'EACCES') return undefined;
  const message = `ssh-keygen, which makes the signature, is not on this machine’s PATH (${describeSystemError(error)})`;
  return new ConfigurationError('CAVRA-E256', message, { cause: error });
}

function wordsOf(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  return said === '' ? describeSystemError(error) : printable(shortened(said, MAX_SAID));
}
