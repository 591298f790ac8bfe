import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLI_BUNDLE, type CliRun, runCli } from '../../support/cli.ts';
import { readRepositoryFile } from '../../support/repository.ts';

export const SECRETS = {
  EVIDENCE_KEY: 'evidence-key-of-the-daemon-0123456789abcdef',
  RUNNER_KEY: 'runner-key-of-the-daemon-0123456789abcdef01',
  GO_KEY: 'go-key-of-the-daemon-0123456789abcdef012345',
} as const;

type Members = Readonly<Record<string, unknown>>;

/** The files of a daemon, and a place for jobs beside them. */
export interface Site {
  readonly folder: string;
  readonly configuration: string;
  readonly socket: string;
  readonly state: string;
  readonly evidence: string;
  readonly publicKey: string;
  /** Public key of its checkpoints. */
  readonly attestationPublicKey: string;
  readonly environment: Readonly<Record<string, string>>;
  write(name: string, content: string): string;
  configure(changes: Members): void;
  /** Runs `daemon …` of the bundle. */
  daemon(...args: readonly string[]): Promise<CliRun>;
  /** Runs the daemon in the foreground. */
  spawn(): Promise<DaemonProcess>;
  remove(): Promise<void>;
}

export interface DaemonProcess {
  readonly process: ChildProcess;
  readonly pid: number;
  /** What it logged so far. */
  readonly log: () => string;
  readonly ended: Promise<{ readonly status: number | null; readonly signal: NodeJS.Signals | null }>;
}

export interface SiteOptions {
  readonly changes?: Members;
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether its keyring has a key for checkpoints. */
  readonly attests?: boolean;
  /** Rules of its trust policy. */
  readonly rules?: readonly Members[];
  /** Node's arguments for the daemon. */
  readonly nodeArguments?: readonly string[];
}

const RULES = ['github-actions', 'gitlab-ci', 'azure-pipelines'].flatMap((provider) => [
  {
    name: `example on ${provider}`,
    provider,
    methods: ['oidc', 'hmac'],
    match: {
      [provider === 'gitlab-ci' ? 'project_path' : 'repository']:
        provider === 'gitlab-ci' ? 'example-group/example-project' : 'example-org/example-repo',
    },
  },
]);

export function makeSite({ changes = {}, environment = {}, attests = false, rules }: SiteOptions = {}): Site {
  const folder = mkdtempSync(join(tmpdir(), 'cavra-site-'));
  const write = (name: string, content: string) => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  const answers = keyFiles('daemon');
  const checkpoints = keyFiles('attestation');
  write('policy.json', JSON.stringify({ schema_version: POLICY_VERSION, rules: rules ?? RULES.slice(0, 1) }));
  const attestation = {
    id: 'attest-2099-q4',
    purpose: 'attestation',
    algorithm: 'Ed25519',
    status: 'active',
    public_key: readFileSync(checkpoints.publicKey, 'utf8'),
    secret: { file: 'attestation.pem' },
  };
  const keys = [
    hmacKey('evidence-2099-q4', 'evidence', 'active', 'EVIDENCE_KEY'),
    hmacKey('runner-2099-q4', 'runner', 'active', 'RUNNER_KEY'),
    hmacKey('go-2099-q4', 'runner', 'retiring', 'GO_KEY'),
    ...(attests ? [attestation] : []),
  ];
  write('keyring.json', JSON.stringify({ schema_version: 'cavra.release-governance.keyring.v1', keys }));
  const configuration = join(folder, 'daemon.json');
  const configure = (more: Members) => write('daemon.json', JSON.stringify({ ...CONFIGURATION, ...changes, ...more }));
  configure({});
  mkdirSync(join(folder, 'run'), { mode: 0o700 });
  const processes: DaemonProcess[] = [];
  const all = { ...SECRETS, ...environment };
  const site: Site = {
    folder,
    configuration,
    socket: join(folder, 'run', 'd.sock'),
    state: join(folder, 'state'),
    evidence: join(folder, 'evidence'),
    publicKey: answers.publicKey,
    attestationPublicKey: checkpoints.publicKey,
    environment: all,
    write,
    configure,
    daemon: (command = '', ...args) =>
      runCli(['daemon', command, '--config', configuration, ...args], { workingDirectory: folder, environment: all }),
    spawn: async () => {
      const started = await spawnDaemon(configuration, all);
      processes.push(started);
      return started;
    },
    remove: async () => {
      for (const { process, ended } of processes) {
        process.kill('SIGKILL');
        await ended;
      }
      await site.daemon('stop');
      chmodSync(folder, 0o700);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return site;

  function keyFiles(name: string) {
    const pair = generateKeyPairSync('ed25519');
    write(`${name}.pem`, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    return { publicKey: write(`${name}.pub`, pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()) };
  }
}

const POLICY_VERSION = 'cavra.release-governance.trust-policy.v1';
const CONFIGURATION = {
  schema_version: 'cavra.release-governance.daemon-configuration.v1',
  name: 'gate.example',
  socket: { path: 'run/d.sock' },
  state_folder: 'state',
  evidence_folder: 'evidence',
  keyring: 'keyring.json',
  signing_key: { id: 'daemon-2099-q4', private_key: { file: 'daemon.pem' } },
  trust_policy: { file: 'policy.json' },
  hmac: { request_bound: true, identity_only_key_id: 'go-2099-q4' },
};

function hmacKey(id: string, purpose: string, status: string, env: string) {
  return { id, purpose, algorithm: 'HMAC-SHA256', status, secret: { env } };
}

async function spawnDaemon(
  configuration: string,
  environment: Readonly<Record<string, string>>,
): Promise<DaemonProcess> {
  const child = spawn(process.execPath, [CLI_BUNDLE, 'daemon', 'run', '--config', configuration], {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  const ended = new Promise<Awaited<DaemonProcess['ended']>>((resolve) => {
    child.on('close', (status, signal) => resolve({ status, signal }));
  });
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('"event":"started"')) resolve();
    });
    child.on('close', () => reject(new Error(`the daemon did not start: ${text}`)));
  });
  return { process: child, pid: child.pid ?? 0, log: () => text, ended };
}

export const HMAC_JOB = {
  GITHUB_ACTIONS: 'true',
  GITHUB_REPOSITORY: 'example-org/example-repo',
  GITHUB_WORKFLOW: 'Release',
  GITHUB_RUN_ID: '7001',
  GITHUB_RUN_ATTEMPT: '1',
  GITHUB_REF: 'refs/heads/main',
  GITHUB_SHA: '0123456789abcdef0123456789abcdef01234567',
  GITHUB_ACTOR: 'release-bot',
  GITHUB_JOB: 'gate',
  GITHUB_EVENT_NAME: 'push',
  RUNNER_NAME: 'runner-7',
  CAVRA_RUNNER_AUTH: 'hmac',
  CAVRA_RUNNER_AUTH_HMAC_KEY: SECRETS.RUNNER_KEY,
  CAVRA_RUNNER_AUTH_KEY_ID: 'runner-2099-q4',
} as const;

/** The stable parts of `gate --format json` that the tests look at. */
export interface GateJson {
  readonly verdict: string;
  readonly exit_code: number;
  readonly diagnosis: { readonly code: string; readonly message: string } | null;
  readonly decisions: readonly Record<string, unknown>[];
  readonly authentication: Record<string, unknown> | null;
  readonly evidence: Record<string, unknown> | null;
  readonly checkpoint: Record<string, unknown> | null;
  readonly notes: readonly string[];
}

/** A job's workspace with the example requests. */
export interface Workspace {
  readonly folder: string;
  readonly evidence: string;
  gate(environment: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<GateRun>;
  cli(...args: readonly string[]): Promise<CliRun>;
  read(name: string): string;
  remove(): void;
}

export interface GateRun extends CliRun {
  readonly report: GateJson;
}

const EXAMPLES = ['approved-promotion.json', 'blocked-tampered-artifact.json', 'pending-approval.json'];

export function makeWorkspace(): Workspace {
  const folder = mkdtempSync(join(tmpdir(), 'cavra-job-'));
  for (const name of EXAMPLES) writeFileSync(join(folder, name), readRepositoryFile(`examples/${name}`));
  const evidence = join(folder, '.cavra', 'go-daemon');
  return {
    folder,
    evidence,
    gate: async (environment, ...args) => {
      const run = await runCli(['gate', '--format', 'json', ...args], { workingDirectory: folder, environment });
      return { ...run, report: JSON.parse(run.stdout) };
    },
    cli: (...args) => runCli(args, { workingDirectory: folder }),
    read: (name) => readFileSync(join(evidence, name), 'utf8'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What every file below a folder holds. */
export function everythingIn(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}
