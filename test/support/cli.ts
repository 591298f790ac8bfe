import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './repository.ts';

/** The committed bundle of the command line. */
export const CLI_BUNDLE = join(root, 'packages/cli/dist/cavra-release-governance.mjs');

export interface CliRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  /** The whole environment of the process but for PATH; nothing of the tests' own leaks in. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** Node to run the bundle with; the running one by default. */
  readonly node?: string;
  readonly input?: string;
  readonly timeoutMs?: number;
}

/** Spawns the committed bundle as a user's shell would. */
export function runCli(args: readonly string[], options: CliOptions): Promise<CliRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(options.node ?? process.execPath, [CLI_BUNDLE, ...args], {
      cwd: options.workingDirectory,
      env: { PATH: process.env['PATH'] ?? '', ...options.environment },
      timeout: options.timeoutMs ?? 50_000,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

/** Keys as a secret store would give them, long enough to sign. */
export const HMAC_ENVIRONMENT = {
  CAVRA_RUNNER_AUTH_HMAC_KEY: 'runner-key-of-the-tests-0123456789abcdef0123456789',
  CAVRA_RUNNER_AUTH_KEY_ID: 'ci-runner-2099-q4',
  CAVRA_DAEMON_EVIDENCE_HMAC_KEY: 'evidence-key-of-the-tests-0123456789abcdef01234567',
  CAVRA_DAEMON_EVIDENCE_KEY_ID: 'ci-evidence-2099-q4',
} as const;
