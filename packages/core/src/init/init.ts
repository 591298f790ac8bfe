import { lstat, mkdir, realpath, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { ConfigurationError } from '../domain/diagnosis.ts';
import { defaultKeyId, type GeneratedKey, generateKey, KEY_SEED_BYTES } from '../domain/keys/generate.ts';
import type { Clock, RandomBytes } from '../domain/ports.ts';
import { PRIVATE, PUBLIC, writeNewFile } from '../io/files/new-file.ts';
import type { GitRemote } from '../io/system/git.ts';
import { planInit } from './plan.ts';
import type { InitStep, PlannedFile } from './planned.ts';
import { type InitPlatform, type InitQuestion, policyQuestion, type SealChoice } from './question.ts';
import { gitRepository } from './repository.ts';

export interface InitOptions {
  readonly platform: InitPlatform;
  readonly seal: SealChoice;
  readonly reviewedCommit: string | undefined;
  /** By default `release/request.json`. */
  readonly request: string | undefined;
  /** By default `production`. */
  readonly target: string | undefined;
  readonly approvalId: string | undefined;
  readonly issuer: string | undefined;
  readonly environment: string | undefined;
  readonly policy: boolean;
  /** By default that of the Git remote. */
  readonly repository: string | undefined;
  readonly repositoryId: string | undefined;
  /** Folder for the new key, outside of the repository; needed with `key`. */
  readonly secretFolder: string | undefined;
  /** Replace files that are there. Keys are never replaced. */
  readonly force: boolean;
  /** Write nothing. */
  readonly dryRun: boolean;
  /** Absolute. */
  readonly workingDirectory: string;
  readonly now: Clock;
  readonly randomBytes: RandomBytes;
}

/** What was written, or would be; stable JSON. */
export interface InitReport {
  readonly written: boolean;
  /** Absolute path of the repository. */
  readonly root: string;
  readonly files: readonly (PlannedFile & { readonly replaces: boolean })[];
  /** The files of the new key, by absolute path; their content is in no report. */
  readonly key: { readonly id: string; readonly secret_file: string; readonly public_key_file: string } | null;
  readonly steps: readonly InitStep[];
}

/**
 * Writes the request, the pipeline and, where asked for, the trust policy of a first gate into a Git repository, and a key outside of it
 * (docs/command-line.md#init). Either everything is written or nothing.
 *
 * @throws ConfigurationError CAVRA-E217 an option does not fit, or there is no repository; CAVRA-E219 a file is there already or cannot
 *   be written
 */
export async function initRepository(options: InitOptions): Promise<InitReport> {
  const { root, remote } = await gitRepository(options.workingDirectory);
  const key = options.seal === 'key' ? await keyFiles(options, root) : null;
  const plan = planInit(questionOf(options, remote, key));
  const files = await Promise.all(plan.files.map(async (file) => ({ ...file, replaces: await isThere(root, file) })));
  const keyPaths = key === null ? [] : [key.secret_file, key.public_key_file];
  const taken = [
    ...(options.force ? [] : files.filter(({ replaces }) => replaces).map(({ path }) => path)),
    ...(await existing(keyPaths)),
  ];
  if (taken.length > 0) {
    const remedy = 'move them away, or say --force to replace files of the repository (never a key)';
    throw new ConfigurationError('CAVRA-E219', `init would overwrite ${taken.join(', ')}; ${remedy}`);
  }
  if (!options.dryRun) await writeAll(root, files, key, options);
  return { written: !options.dryRun, root, files, key, steps: plan.steps };
}

function questionOf(options: InitOptions, remote: GitRemote | undefined, key: InitReport['key']): InitQuestion {
  const { platform, seal, reviewedCommit, approvalId, issuer, environment } = options;
  return {
    platform,
    seal,
    reviewedCommit,
    approvalId,
    issuer,
    environment,
    request: options.request ?? 'release/request.json',
    target: options.target ?? 'production',
    keyId: key?.id ?? '',
    secretFile: key?.secret_file,
    policy: options.policy
      ? policyQuestion(platform, options.repository ?? remote?.path, options.repositoryId)
      : undefined,
  };
}

async function keyFiles(
  { secretFolder, workingDirectory, now }: InitOptions,
  root: string,
): Promise<NonNullable<InitReport['key']>> {
  if (secretFolder === undefined) {
    throw new ConfigurationError('CAVRA-E217', 'init: --key needs --secret-dir, a folder outside of the repository');
  }
  const folder = await withoutLinks(resolve(workingDirectory, secretFolder));
  const tree = await withoutLinks(root);
  if (folder === tree || folder.startsWith(tree + sep)) {
    throw new ConfigurationError(
      'CAVRA-E217',
      `init: --secret-dir ${folder} is inside the repository ${root}; a key must never be committed`,
    );
  }
  const id = defaultKeyId('attestation', now());
  return { id, secret_file: join(folder, `${id}.key`), public_key_file: join(folder, `${id}.pub`) };
}

/** The path with every link in it followed, also where its last folders are not there yet. */
async function withoutLinks(path: string): Promise<string> {
  const real = await realpath(path).catch(() => undefined);
  if (real !== undefined || path === dirname(path)) return real ?? path;
  return join(await withoutLinks(dirname(path)), basename(path));
}

async function isThere(root: string, { path }: PlannedFile): Promise<boolean> {
  return (await existing([join(root, path)])).length > 0;
}

async function existing(paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    paths.map((path) =>
      lstat(path).then(
        () => [path],
        () => [],
      ),
    ),
  );
  return found.flat();
}

/** Writes the key first: a pipeline without its key would be red, a key without a pipeline harms nobody. */
async function writeAll(
  root: string,
  files: InitReport['files'],
  key: InitReport['key'],
  { randomBytes }: InitOptions,
): Promise<void> {
  const written: string[] = [];
  try {
    if (key !== null) await writeKey(key, generateKey('attestation', randomBytes(KEY_SEED_BYTES)), written);
    for (const { path, text, replaces } of files) {
      const target = join(root, path);
      await mkdir(dirname(target), { recursive: true });
      if (replaces) await rm(target);
      await writeNewFile(target, path, text, PUBLIC);
      if (!replaces) written.push(target);
    }
  } catch (error) {
    for (const path of written) await rm(path, { force: true });
    if (error instanceof ConfigurationError) throw error;
    throw new ConfigurationError('CAVRA-E219', 'init: a file cannot be written', { cause: error });
  }
}

/** The private key as the one line that a variable can hold: whoever stores it pipes the file as it is. */
async function writeKey(key: NonNullable<InitReport['key']>, made: GeneratedKey, written: string[]): Promise<void> {
  await mkdir(dirname(key.secret_file), { recursive: true, mode: 0o700 });
  await writeNewFile(key.secret_file, key.secret_file, made.oneLine, PRIVATE);
  written.push(key.secret_file);
  await writeNewFile(key.public_key_file, key.public_key_file, made.publicKey ?? '', PUBLIC);
  written.push(key.public_key_file);
}
