import { createHash, type KeyObject } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { access, lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CavraError, RuntimeFailure } from '../domain/diagnosis.ts';
import { NEEDLESS_KEY } from '../gate/resident/daemon-run.ts';
import type { RuntimeChoice } from '../gate/runtime/runtime-choice.ts';
import { DaemonClient } from '../io/socket/daemon-client.ts';
import { errorCode } from '../io/system/system-error.ts';
import { attemptAsync, type Examination, missing, ok, warning } from './check.ts';
import type { DoctorOptions } from './options.ts';

/** What `doctor` finds out about a resident daemon, by the rules of the gate; nothing of it is recorded by the daemon. */

const PATIENCE_MS = 1_000;

/**
 * Looks at the socket and asks the daemon to show its key.
 *
 * @param choice the daemon of the settings
 */
export async function examineDaemon(
  options: DoctorOptions,
  { socket, publicKeys }: RuntimeChoice & { kind: 'daemon' },
): Promise<readonly Examination[]> {
  const place = await examineSocket(socket);
  const answer = place.some(({ state }) => state === 'missing') ? [] : await examineAnswer(options, socket, publicKeys);
  const needless = options.environment['CAVRA_DAEMON_EVIDENCE_HMAC_KEY']
    ? [warning('evidence key', NEEDLESS_KEY, 'remove the variable from this job')]
    : [];
  const pinned = ok('daemon key', `pinned: ${publicKeys.map(fingerprint).join(', ')}`);
  return [...place, pinned, ...answer, ...needless];
}

/** A daemon that knows only the plain protocol has nothing to show. */
export async function examinePlainDaemon(socket: string): Promise<readonly Examination[]> {
  return [...(await examineSocket(socket)), UNPINNED];
}

const UNPINNED = warning(
  'daemon key',
  'none is pinned: the daemon is believed by its evidence, for which this job holds the key',
  'pin the key of a daemon that signs its answers: daemon-public-key',
);

/** As `openssl pkey -pubin -outform DER | sha256sum` gives it. */
function fingerprint(key: KeyObject): string {
  return `sha256 ${createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')}`;
}

const PERMISSIONS = 0o777;
const CONNECTABLE_BY_OTHERS = 0o002;

/** Whether there is a socket to which this job may connect, and whether the job could do more than that. */
async function examineSocket(path: string): Promise<readonly Examination[]> {
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

async function mayAccess(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

function octal({ mode }: Stats): string {
  return (mode & PERMISSIONS).toString(8).padStart(4, '0');
}
