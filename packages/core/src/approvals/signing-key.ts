import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigurationError } from '../domain/diagnosis.ts';
import { git } from '../io/system/git.ts';
import { type ListedKey, listKey } from '../io/system/ssh-keygen.ts';

/** What ssh-keygen signs with. */
export interface SigningKey extends ListedKey {
  /** Absolute path of the file that ssh-keygen is given; this program never opens it. */
  readonly file: string;
}

/**
 * Runs `work` with the approver's key: the file that is named, else the one that Git signs with.
 *
 * @param given `--key`
 * @param folder absolute; what relative paths start from, and whose Git configuration counts
 * @throws ConfigurationError CAVRA-E256 there is no ssh-keygen; CAVRA-E257 there is no key
 */
export async function withSigningKey<T>(
  given: string | undefined,
  folder: string,
  work: (key: SigningKey) => Promise<T>,
): Promise<T> {
  const key = given ?? (await gitSigningKey(folder));
  const literal = literalKey(key);
  if (given !== undefined || literal === undefined) return work(await listed(resolve(folder, key)));
  const temporary = await mkdtemp(join(tmpdir(), 'cavra-approve-'));
  try {
    const file = join(temporary, 'key.pub');
    await writeFile(file, `${literal}\n`, { mode: 0o600 });
    return await work(await listed(file));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function listed(file: string): Promise<SigningKey> {
  return { file, ...(await listKey(file)) };
}

async function gitSigningKey(folder: string): Promise<string> {
  const configured = (name: string, ...type: readonly string[]) =>
    git(folder, 'config', ...type, '--get', name).catch(() => '');
  const format = await configured('gpg.format');
  const key = format === 'ssh' ? await configured('user.signingkey', '--type=path') : '';
  if (key !== '') return key;
  const message =
    'no key is named, and Git has none to sign with: its gpg.format is not ssh, or it has no user.signingkey';
  throw new ConfigurationError('CAVRA-E257', message);
}

/** Git takes a public key itself in place of a file: the private half is in an agent. */
function literalKey(key: string): string | undefined {
  if (key.startsWith('key::')) return key.slice('key::'.length);
  return key.startsWith('ssh-') ? key : undefined;
}
