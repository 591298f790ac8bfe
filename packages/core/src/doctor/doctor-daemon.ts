import { createHash, type KeyObject } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { access, lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CavraError, RuntimeFailure } from '../domain/diagnosis.ts';
import type { HmacSigningKey } from '../domain/keys/hmac-keys.ts';
import type { RunnerIdentity } from '../domain/wire/messages.ts';
import { locateRunnerToken, noHmacKey, providerOf } from '../gate/authentication/provers.ts';
import { loadRunnerKey } from '../gate/authentication/run-keys.ts';
import { NEEDLESS_KEY } from '../gate/resident/daemon-run.ts';
import type { RuntimeChoice } from '../gate/runtime/runtime-choice.ts';
import { DaemonClient } from '../io/socket/daemon-client.ts';
import { errorCode } from '../io/system/system-error.ts';
import type { DoctorReport } from './check.ts';
import { attemptAsync, type Examination, missing, ok, warning } from './check.ts';
import type { DoctorOptions } from './options.ts';

/** What `doctor` finds out about a resident daemon, by the rules of the gate; nothing of it is recorded by the daemon. */

const PATIENCE_MS = 1_000;

/**
 * Looks at the socket, asks the daemon to show its key, and tells what the daemon must know of this job.
 *
 * @param choice the daemon of the settings
 */
export async function examineDaemon(
  options: DoctorOptions,
  { socket, publicKeys }: RuntimeChoice & { kind: 'daemon' },
  identity: RunnerIdentity | undefined,
): Promise<{ readonly method: DoctorReport['method']; readonly checks: readonly Examination[] }> {
  const place = await examineSocket(socket);
  const answer = place.some(({ state }) => state === 'missing') ? [] : await examineAnswer(options, socket, publicKeys);
  const { method, check } = await examineProof(options, identity);
  const needless = options.environment['CAVRA_DAEMON_EVIDENCE_HMAC_KEY']
    ? [warning('evidence key', NEEDLESS_KEY, 'remove the variable from this job')]
    : [];
  const pinned = ok('daemon key', `pinned: ${publicKeys.map(fingerprint).join(', ')}`);
  return { method, checks: [...place, pinned, ...answer, check, ...needless] };
}

/** As `openssl pkey -pubin -outform DER | sha256sum` gives it. */
function fingerprint(key: KeyObject): string {
  return `sha256 ${createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')}`;
}

const PERMISSIONS = 0o777;
const CONNECTABLE_BY_OTHERS = 0o002;

/** Whether there is a socket to which this job may connect, and whether the job could do more than that. */
export async function examineSocket(path: string): Promise<readonly Examination[]> {
  // Named pipes have neither owner nor mode that could be asked for here.
  if (process.platform === 'win32') return [ok('socket', path)];
  const found = await lstat(path).catch(errorCode);
  if (typeof found === 'string') return [unreachable(`${path} ${UNSEEN[found] ?? `cannot be looked at (${found})`}`)];
  const seen = `${path}, owner ${found.uid}, group ${found.gid}, mode ${octal(found)}`;
  if (!found.isSocket()) return [unreachable(`${path} is no socket`)];
  if (!(await mayAccess(path, constants.R_OK | constants.W_OK))) {
    return [unreachable(`this user (${process.geteuid?.()}) may not connect to ${seen}`)];
  }
  return [ok('socket', seen), ...(await socketWarnings(path, found))];
}

const UNSEEN: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: 'is in a folder that this user may not look into',
};

function unreachable(reason: string): Examination {
  return missing('socket', new RuntimeFailure('CAVRA-E520', reason));
}

async function socketWarnings(path: string, { uid, mode }: Stats): Promise<readonly Examination[]> {
  const user = process.geteuid?.();
  const own = user === 0 || user === uid;
  const who = user === 0 ? 'this job runs as root' : 'the daemon runs as the user of this job';
  const folder = dirname(path);
  return [
    ...(own
      ? [warning('daemon user', `${who}, and so can read the daemon’s keys`, 'give the daemon a user of its own')]
      : []),
    ...(!own && (await mayAccess(folder, constants.W_OK))
      ? [warning('socket', `this job may write to ${folder}`, 'let nobody but the daemon write there')]
      : []),
    ...((mode & CONNECTABLE_BY_OTHERS) === 0
      ? []
      : [warning('socket', 'everybody may connect', 'open it to one group: socket.group of the daemon')]),
  ];
}

/** Has the daemon sign an answer. */
async function examineAnswer(
  { now, randomBytes }: DoctorOptions,
  path: string,
  publicKeys: readonly KeyObject[],
): Promise<readonly Examination[]> {
  let failure: CavraError | undefined;
  for (const key of publicKeys) {
    const client = new DaemonClient({ path, publicKeys: [key], now, randomBytes, patienceMs: PATIENCE_MS });
    const greeting = await attemptAsync(() => client.hello());
    if (!(greeting instanceof CavraError)) {
      const { daemon, attests } = greeting;
      const detail = `${daemon.name}, version ${daemon.version}; its answer is signed by the pinned key ${fingerprint(key)}`;
      return [ok('daemon', detail), attests ? ok('checkpoint', 'the daemon signs it') : NO_CHECKPOINT];
    }
    failure = greeting;
    // Only who answers can have answered with another of the keys.
    if (greeting.code !== 'CAVRA-E521') break;
  }
  return failure === undefined ? [] : [missing('daemon', failure)];
}

const NO_CHECKPOINT = warning(
  'checkpoint',
  'the daemon signs none: an auditor needs the evidence key, and records cut off at the end would not be noticed',
  'give the daemon’s keyring an active attestation key',
);

/** What this job proves with, and what the daemon must have for it; whether it has is not for everybody to ask. */
async function examineProof(
  options: DoctorOptions,
  identity: RunnerIdentity | undefined,
): Promise<{ readonly method: DoctorReport['method']; readonly check: Examination }> {
  const { settings, environment } = options;
  const key = await attemptAsync(() => loadRunnerKey(options));
  if (key instanceof CavraError) return { method: 'none', check: missing(PROOF, key) };
  if (settings.auth === 'hmac') return hmacProof(key, '', noHmacKey());
  const provider = identity === undefined ? 'local' : providerOf(identity);
  const located = await attemptAsync(() => locateRunnerToken(provider, environment));
  if (located instanceof CavraError) return { method: 'none', check: missing(PROOF, located) };
  if (located.source === 'none') {
    return hmacProof(
      settings.auth === 'oidc' ? undefined : key,
      `; no OIDC: ${located.reason.message}`,
      located.reason,
    );
  }
  const { defaultAudience } = await import('../domain/auth/oidc/trust-defaults.ts');
  const from = located.variable === undefined ? located.source : `${located.source} (${located.variable})`;
  const audience = settings.audience ?? defaultAudience(provider);
  const detail = `OIDC token from ${from}; the daemon must have an issuer for ${provider} with the audience ${audience}`;
  return { method: 'oidc', check: ok(PROOF, detail) };
}

const PROOF = 'authentication';

function hmacProof(key: HmacSigningKey | undefined, remark: string, reason: CavraError) {
  if (key === undefined) return { method: 'none' as const, check: missing(PROOF, reason) };
  const name = key.id === '' ? 'without id' : key.id;
  const needs = 'the daemon must allow hmac.request_bound, and have it in its keyring as a runner key';
  return { method: 'hmac' as const, check: ok(PROOF, `HMAC bound to the request, key ${name}; ${needs}${remark}`) };
}

async function mayAccess(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

function octal({ mode }: Stats): string {
  return (mode & PERMISSIONS).toString(8).padStart(4, '0');
}
