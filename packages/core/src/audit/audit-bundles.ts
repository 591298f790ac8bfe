import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import {
  AUDIT_SCHEMA_VERSION,
  type AuditHead,
  type AuditSummary,
  type BundleLine,
  type ExpectedRun,
} from '../domain/audit/audit-lines.ts';
import { parseExpectedRuns } from '../domain/audit/expected-runs.ts';
import { isInShard, parseShard, WHOLE } from '../domain/audit/shard.ts';
import { ConfigurationError } from '../domain/diagnosis.ts';
import {
  AUDIT_THREADS_FROM,
  MAX_AUDIT_LINE_BYTES,
  MAX_CONFIGURATION_FILE_BYTES,
  MAX_EXPECTED_RUNS_BYTES,
} from '../domain/limits.ts';
import type { Clock } from '../domain/ports.ts';
import { readLines } from '../io/files/read-lines.ts';
import { FileProblem, readRegularFile } from '../io/files/read-regular-file.ts';
import { ThreadPool } from '../io/threads/thread-pool.ts';
import { createVerifier } from '../verify/create-verifier.ts';
import { audit, type FoundBundle } from './audit.ts';
import { findBundles } from './audit-discovery.ts';
import { openAuditState } from './audit-state.ts';
import { type AuditThreadData, type BundleQuestion, verifyBundle } from './audit-threads.ts';
import { mergeAudits } from './merge.ts';

export interface AuditOptions extends BundleQuestion {
  /** Folders to search, evidence folders, artifacts or streams; as given. */
  readonly paths: readonly string[];
  readonly environment: AuditThreadData['verifier']['environment'];
  /** Absolute. */
  readonly workingDirectory: string;
  readonly keyring: string | undefined;
  readonly publicKeys: readonly string[];
  readonly version: string;
  readonly now: Clock;
  /** `I/N`; undefined: all bundles. */
  readonly shard: string | undefined;
  /** Path of a file that remembers what is done; undefined: nothing does. */
  readonly state: string | undefined;
  /** Path of a list of runs for which there must be evidence. */
  readonly expectedRuns: string | undefined;
  /** A program that calls `runThread`; without it, one thread verifies all. */
  readonly threadProgram: URL | undefined;
  /** Told the head, then each bundle's line in the order of the bundles. */
  readonly tell: (line: AuditHead | BundleLine) => void;
  /** Told how many bytes of how many are done. */
  readonly progress: (done: number, total: number) => void;
}

/**
 * Verifies many bundles on all cores.
 *
 * @throws ConfigurationError CAVRA-E215 nothing to check with, CAVRA-E217 the shard, CAVRA-E225 the state or the expected runs
 * @throws EvidenceError CAVRA-E403 a path holds no evidence
 */
export async function auditBundles(options: AuditOptions): Promise<AuditSummary> {
  const shard = options.shard === undefined ? WHOLE : parseShard(options.shard);
  const expected = await readExpectedRuns(options);
  if (expected !== undefined && shard.total > 1) {
    throw new ConfigurationError(
      'CAVRA-E217',
      'audit: one shard cannot tell which runs are missing; give --expect-runs to audit merge',
    );
  }
  const { paths, workingDirectory } = options;
  const bundles = await findBundles(paths, workingDirectory, (path) => isInShard(path, shard));
  const head: AuditHead = {
    kind: 'audit',
    schema_version: AUDIT_SCHEMA_VERSION,
    question: await questionOf(options),
    shard,
  };
  const state =
    options.state === undefined ? undefined : await openAuditState(resolve(workingDirectory, options.state), head);
  const verifiers = bundleVerifiers(options, bundles);
  options.tell(head);
  try {
    return await audit(bundles, shard.total > 1, expected, {
      verify: verifiers.verify,
      state,
      tell: options.tell,
      progress: options.progress,
    });
  } finally {
    await verifiers.close();
    await state?.close();
  }
}

export interface MergeOptions {
  readonly files: readonly string[];
  /** Absolute. */
  readonly workingDirectory: string;
  readonly expectedRuns: string | undefined;
  /** Told the head of the whole, then each bundle's line. */
  readonly tell: (line: AuditHead | BundleLine) => void;
}

/**
 * Puts the results of an audit's shards together.
 *
 * @throws ConfigurationError CAVRA-E225 a file is not a whole result, or of another audit; CAVRA-E216 it cannot be read
 */
export async function mergeAuditFiles(options: MergeOptions): Promise<AuditSummary> {
  const files = options.files.map((name) => ({
    name,
    lines: () => linesOf(resolve(options.workingDirectory, name), name),
  }));
  return mergeAudits(files, await readExpectedRuns(options), options.tell);
}

async function* linesOf(path: string, name: string): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const { bytes } of readLines(path, MAX_AUDIT_LINE_BYTES)) {
    if (bytes === undefined) throw new ConfigurationError('CAVRA-E225', `${name} has a line that no audit writes`);
    yield bytes;
  }
}

/** An audit as one page for people. Its code is loaded only then. */
export async function auditHtml(lines: readonly BundleLine[], summary: AuditSummary, version: string): Promise<string> {
  const { auditPage } = await import('./page.ts');
  return auditPage(lines, summary, version);
}

/** Verifies in this thread when there is little to do; a thread's bundle that dies with it, too. */
function bundleVerifiers(options: AuditOptions, bundles: readonly FoundBundle[]) {
  const { integrityOnly, expectations, environment, workingDirectory, keyring, publicKeys, version, now } = options;
  const question: BundleQuestion = { integrityOnly, ...(expectations === undefined ? {} : { expectations }) };
  const settings = { environment: { ...environment }, workingDirectory, keyring, publicKeys, version };
  const { threadProgram } = options;
  const own = createVerifier({ ...settings, now, ...(threadProgram === undefined ? {} : { threadProgram }) });
  const cores = availableParallelism();
  const data: AuditThreadData = { kind: 'audit', question, verifier: settings };
  const pool =
    threadProgram === undefined || cores < 2 || bundles.length < AUDIT_THREADS_FROM
      ? undefined
      : new ThreadPool<string, BundleLine>({ program: threadProgram, data, threads: Math.min(cores, bundles.length) });
  let last: Promise<unknown> = Promise.resolve();
  const verifyHere = (path: string): Promise<BundleLine> => {
    const line = last.then(() => verifyBundle(own, path, question));
    last = line.catch(() => undefined);
    return line;
  };
  return {
    verify: async (path: string) => (await pool?.ask(path)) ?? verifyHere(path),
    close: async () => pool?.close(),
  };
}

/** Two results belong together only if the same was asked in the same way; secrets are told apart by their ids alone. */
async function questionOf(options: AuditOptions): Promise<string> {
  const { version, integrityOnly, expectations, keyring, publicKeys, environment, workingDirectory } = options;
  const files = [keyring, ...publicKeys].flatMap((path) =>
    path === undefined ? [] : [resolve(workingDirectory, path)],
  );
  const digests = await Promise.all(
    files.map(async (path) => sha256(await readFileOf(path, MAX_CONFIGURATION_FILE_BYTES))),
  );
  const keyId = environment['CAVRA_DAEMON_EVIDENCE_KEY_ID'] ?? '';
  return sha256(JSON.stringify([version, integrityOnly, expectations ?? null, keyring === undefined, digests, keyId]));
}

async function readExpectedRuns({
  expectedRuns,
  workingDirectory,
}: Pick<AuditOptions, 'expectedRuns' | 'workingDirectory'>): Promise<readonly ExpectedRun[] | undefined> {
  if (expectedRuns === undefined) return undefined;
  const bytes = await readFileOf(resolve(workingDirectory, expectedRuns), MAX_EXPECTED_RUNS_BYTES);
  return parseExpectedRuns(Buffer.from(bytes).toString('utf8'), expectedRuns);
}

async function readFileOf(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    return await readRegularFile(path, maxBytes);
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    throw new ConfigurationError('CAVRA-E216', `${path} ${error.message}`, { cause: error });
  }
}

function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}
