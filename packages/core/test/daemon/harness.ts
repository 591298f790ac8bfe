import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runDaemon } from '../../src/daemon/run-daemon.ts';
import { signIdentity, signRequest } from '../../src/domain/auth/hmac.ts';
import { requestDigest } from '../../src/domain/wire/encode.ts';
import type { DecisionResponse, EvaluateRequest, RunnerAuth, RunnerIdentity } from '../../src/domain/wire/messages.ts';
import { DaemonClient } from '../../src/io/socket/daemon-client.ts';
import { systemClock, systemRandomBytes } from '../../src/io/system/system.ts';
import { GITHUB_IDENTITY, type TestKey, token } from '../support/tokens.ts';

export const NAME = 'gate.example';
export const RUNNER_KEY = { id: 'runner-1', secret: Buffer.from('runner-key-of-the-tests-0123456789abcdef') };
export const GO_KEY = { id: 'go-1', secret: Buffer.from('go-key-of-the-tests-0123456789abcdef01234') };
export const EVIDENCE_KEY = { id: 'evidence-1', secret: Buffer.from('evidence-key-of-the-tests-0123456789abc') };
export const IDENTITY: RunnerIdentity = GITHUB_IDENTITY;

export const APPROVED: EvaluateRequest = {
  target: 'prod',
  release_governance: {
    metadata_kind: 'release-channel-promotion-request',
    approval_state: 'approved',
    approval_id: 'apr-1',
  },
};

const HMAC_POLICY = {
  schema_version: 'cavra.release-governance.trust-policy.v1',
  rules: [
    {
      name: 'the project',
      provider: 'github-actions',
      methods: ['hmac', 'oidc'],
      match: { repository: IDENTITY.repository },
    },
  ],
};

/** The files of one daemon, in a folder of its own. */
export interface DaemonFiles {
  readonly folder: string;
  readonly configuration: string;
  readonly socket: string;
  readonly state: string;
  readonly evidence: string;
  readonly publicKey: KeyObject;
  readonly publicKeyPem: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Writes the configuration with other members. */
  configure(changes: Readonly<Record<string, unknown>>): void;
  remove(): void;
}

export function daemonFiles(changes: Readonly<Record<string, unknown>> = {}): DaemonFiles {
  const folder = mkdtempSync(join(tmpdir(), 'cavra-daemon-'));
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const write = (name: string, content: unknown) =>
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 });
  write('daemon.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  write('daemon.pub', publicKeyPem);
  write('policy.json', HMAC_POLICY);
  write('keyring.json', {
    schema_version: 'cavra.release-governance.keyring.v1',
    keys: [
      hmacKey(EVIDENCE_KEY.id, 'evidence', 'active', 'EVIDENCE_KEY'),
      hmacKey(RUNNER_KEY.id, 'runner', 'active', 'RUNNER_KEY'),
      hmacKey(GO_KEY.id, 'runner', 'retiring', 'GO_KEY'),
    ],
  });
  const configuration = join(folder, 'daemon.json');
  const configure = (more: Readonly<Record<string, unknown>>) =>
    write('daemon.json', { ...CONFIGURATION, ...changes, ...more });
  configure({});
  mkdirSync(join(folder, 'run'), { mode: 0o700 });
  return {
    folder,
    configuration,
    socket: join(folder, 'run', 'd.sock'),
    state: join(folder, 'state'),
    evidence: join(folder, 'evidence'),
    publicKey,
    publicKeyPem,
    environment: {
      EVIDENCE_KEY: EVIDENCE_KEY.secret.toString(),
      RUNNER_KEY: RUNNER_KEY.secret.toString(),
      GO_KEY: GO_KEY.secret.toString(),
    },
    configure,
    remove: () => {
      chmodSync(folder, 0o700);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const CONFIGURATION = {
  schema_version: 'cavra.release-governance.daemon-configuration.v1',
  name: NAME,
  socket: { path: 'run/d.sock' },
  state_folder: 'state',
  evidence_folder: 'evidence',
  keyring: 'keyring.json',
  signing_key: { id: 'daemon-1', private_key: { file: 'daemon.pem' } },
  trust_policy: { file: 'policy.json' },
  hmac: { request_bound: true, identity_only_key_id: GO_KEY.id },
};

function hmacKey(id: string, purpose: string, status: string, env: string) {
  return { id, purpose, algorithm: 'HMAC-SHA256', status, secret: { env } };
}

/** A daemon in this process. */
export interface RunningDaemon {
  readonly files: DaemonFiles;
  readonly client: DaemonClient;
  /** Entries of its log so far. */
  readonly log: readonly Record<string, unknown>[];
  signal(name: 'stop' | 'reload'): void;
  /** Waits for a log entry of an event, and returns the last one. */
  event(name: string): Promise<Record<string, unknown>>;
  /** Stops it; resolves with its exit status. */
  stop(): Promise<number>;
}

export interface DaemonTweaks {
  readonly now?: () => number;
}

export async function startDaemon(
  files: DaemonFiles,
  { now = systemClock }: DaemonTweaks = {},
): Promise<RunningDaemon> {
  const log: Record<string, unknown>[] = [];
  let signal: (name: 'stop' | 'reload') => void = () => undefined;
  const ended = runDaemon({
    configuration: files.configuration,
    environment: files.environment,
    now,
    randomBytes: systemRandomBytes,
    version: '0.0.0',
    pid: process.pid,
    log: (lines) => {
      for (const line of lines.trimEnd().split('\n')) log.push(JSON.parse(line));
    },
    onSignal: (callback) => {
      signal = callback;
      return () => undefined;
    },
  });
  let failure: unknown;
  ended.catch((error: unknown) => {
    failure = error;
  });
  const event = async (name: string) => {
    for (;;) {
      const found = log.findLast((entry) => entry['event'] === name);
      if (found !== undefined) return found;
      if (failure !== undefined) throw failure;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  await event('started');
  // The signals are listened to right behind the start.
  await new Promise((resolve) => setTimeout(resolve, 5));
  return {
    files,
    client: new DaemonClient({
      path: files.socket,
      publicKeys: [files.publicKey],
      now,
      randomBytes: systemRandomBytes,
    }),
    log,
    signal: (name) => signal(name),
    event,
    stop: () => {
      signal('stop');
      return ended;
    },
  };
}

/** A request with a fresh proof of the runner key. */
export function proven(
  request: EvaluateRequest,
  options: { readonly identity?: RunnerIdentity; readonly now?: number; readonly audience?: string } = {},
): EvaluateRequest {
  return { ...request, runner_auth: proof(request, options) };
}

export function proof(
  request: EvaluateRequest,
  {
    identity = IDENTITY,
    now = Date.now(),
    audience = NAME,
  }: { readonly identity?: RunnerIdentity; readonly now?: number; readonly audience?: string } = {},
): RunnerAuth {
  return signRequest(RUNNER_KEY, identity, {
    issuedAt: Math.floor(now / 1000),
    nonce: randomBytes(16).toString('hex'),
    audience,
    requestSha256: requestDigest(request),
  });
}

/** A request with the proof of a Go client. */
export function provenByIdentity(request: EvaluateRequest, identity = IDENTITY): EvaluateRequest {
  return { ...request, runner_auth: signIdentity(GO_KEY, identity) };
}

/** A request with a token. */
export function provenByToken(
  request: EvaluateRequest,
  key: TestKey,
  claims: Readonly<Record<string, unknown>>,
  identity = IDENTITY,
): EvaluateRequest {
  return {
    ...request,
    runner_auth: { identity, algorithm: 'OIDC-JWT', key_id: key.kid, signature: token(key, claims) },
  };
}

/** Sends bytes and gives everything that comes back until the daemon closes. */
export function exchange(socket: string, bytes: Uint8Array | string): Promise<string> {
  return new Promise((resolve, reject) => {
    const connection = connect(socket);
    let text = '';
    connection.on('data', (chunk) => {
      text += chunk;
    });
    connection.on('error', (error) => (text === '' ? reject(error) : resolve(text)));
    connection.on('close', () => resolve(text));
    connection.write(bytes);
  });
}

/** Asks as any client of the plain protocol does. */
export async function askPlain(socket: string, request: EvaluateRequest): Promise<DecisionResponse> {
  return JSON.parse(await exchange(socket, `${JSON.stringify(request)}\n`));
}

export function open(socket: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const connection = connect(socket, () => resolve(connection));
    connection.on('error', reject);
  });
}

/** Names of the streams of runs, refusals left out. */
export function streamsOf({ evidence }: DaemonFiles): string[] {
  return readdirSync(evidence).filter((name) => !name.startsWith('refused-') && !name.startsWith('daemon.lock'));
}

export function linesOf({ evidence }: DaemonFiles, stream: string): string[] {
  const path = join(evidence, stream, 'release-governance-evidence.jsonl');
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

/** Everything that was recorded of those who could not prove anything. */
export function refusalsOf(files: DaemonFiles): string[] {
  return readdirSync(files.evidence)
    .filter((name) => name.startsWith('refused-'))
    .flatMap((name) => linesOf(files, name));
}
