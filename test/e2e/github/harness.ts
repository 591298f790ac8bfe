import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { type Authority, createAuthority } from '../../fakes/authority.ts';
import {
  type GitHub,
  type GitHubJobFacts,
  startGitHubDotCom,
  startGitHubEnterpriseServer,
} from '../../fakes/github.ts';
import { type FakeArtifact, type FakeResults, startResults } from '../../fakes/github-results.ts';
import { type FakeProxy, startProxy } from '../../fakes/proxy.ts';
import { type CliRun, HMAC_ENVIRONMENT, runCli } from '../../support/cli.ts';
import { readRepositoryFile } from '../../support/repository.ts';
import { unzip } from '../../support/unzip.ts';
import { RunnerJob, type StepResult } from './runner.ts';

/** github.com behind a proxy, a GitHub Enterprise Server, and the results service, on the loopback interface. */
export interface Platform {
  readonly authority: Authority;
  readonly dotCom: GitHub;
  readonly enterprise: GitHub;
  readonly results: FakeResults;
  readonly proxy: FakeProxy;
  heal(): void;
  close(): Promise<void>;
}

export async function startPlatform(): Promise<Platform> {
  const authority = createAuthority();
  const [dotCom, enterprise, results, proxy] = await Promise.all([
    startGitHubDotCom({ authority }),
    startGitHubEnterpriseServer({ authority }),
    startResults(),
    startProxy(),
  ]);
  proxy.route('token.actions.githubusercontent.com:443', dotCom.port);
  const all = [dotCom, enterprise, results, proxy];
  return {
    authority,
    dotCom,
    enterprise,
    results,
    proxy,
    heal: () => {
      for (const each of all) each.heal();
    },
    close: async () => {
      await Promise.all(all.map((each) => each.close()));
      authority.dispose();
    },
  };
}

const { CAVRA_DAEMON_EVIDENCE_HMAC_KEY, CAVRA_DAEMON_EVIDENCE_KEY_ID } = HMAC_ENVIRONMENT;
export const EVIDENCE_KEY = { CAVRA_DAEMON_EVIDENCE_HMAC_KEY, CAVRA_DAEMON_EVIDENCE_KEY_ID };

let lastRun = 7_788_990_011;

/** Facts of a run of its own, so that artifact names of different tests do not meet. */
export function newRun(facts: GitHubJobFacts = {}): GitHubJobFacts {
  lastRun += 1;
  return { runId: String(lastRun), job: `gate-${lastRun}`, ...facts };
}

/** A job on github.com, which may upload, and reach the issuer only through the proxy. */
export function dotComJob(platform: Platform, facts: GitHubJobFacts = newRun(), workspaceName?: string): RunnerJob {
  const { authority, dotCom, results, proxy } = platform;
  const environment = {
    ...dotCom.startJob(facts).environment,
    ...results.environment,
    HTTPS_PROXY: proxy.url,
    NO_PROXY: '127.0.0.1',
    NODE_EXTRA_CA_CERTS: authority.file,
  };
  return prepared(environment, workspaceName);
}

/** A job on a GitHub Enterprise Server, which has no artifact service. */
export function enterpriseJob(
  { authority, enterprise, results }: Platform,
  facts: GitHubJobFacts = newRun(),
): RunnerJob {
  const { environment } = enterprise.startJob(facts);
  return prepared({ ...environment, ...results.environment, NODE_EXTRA_CA_CERTS: authority.file });
}

function prepared(environment: Readonly<Record<string, string>>, workspaceName?: string): RunnerJob {
  const job = new RunnerJob(environment, workspaceName);
  for (const name of [
    'approved-promotion',
    'blocked-tampered-artifact',
    'blocked-unapproved-execution',
    'pending-approval',
  ]) {
    job.write(`${name}.json`, readRepositoryFile(`examples/${name}.json`));
  }
  return job;
}

export const EVIDENCE_FILES = [
  'release-governance-evidence-verification.json',
  'release-governance-evidence.jsonl',
  'release-governance-report.html',
  'release-governance-response.json',
  'release-governance-responses.jsonl',
  'runner-auth-claims.json',
] as const;

/** The artifact of that name, unpacked: every entry a plain file at the root, none of them with a secret in it. */
export function contentOf(artifact: FakeArtifact, secrets: readonly string[]): ReadonlyMap<string, string> {
  const entries = unzip(artifact.zip);
  for (const { name, mode, bytes } of entries) {
    expect(name).not.toMatch(/[\\/]/);
    expect(mode & 0o170000).toBe(0o100000);
    expectNone(bytes.toString('latin1'), secrets);
  }
  return new Map(entries.map(({ name, bytes }) => [name, bytes.toString('utf8')]));
}

/** Verifies an artifact as an auditor would: downloaded, unpacked, with the command line and the evidence key. */
export async function verifyArtifact(artifact: FakeArtifact, ...args: string[]): Promise<CliRun> {
  const folder = mkdtempSync(join(tmpdir(), 'cavra-artifact-'));
  try {
    for (const { name, bytes } of unzip(artifact.zip)) writeFileSync(join(folder, name), bytes);
    return await runCli(['verify', folder, '--format', 'json', ...args], {
      workingDirectory: folder,
      environment: EVIDENCE_KEY,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The artifact that a step says it has published. */
export function published({ results }: Platform, { outputs }: StepResult): FakeArtifact {
  const artifact = results.artifacts.find(({ id }) => String(id) === outputs['artifact-id']);
  expect(artifact?.name).toBe(outputs['artifact-name']);
  if (artifact === undefined) throw new Error(`no artifact ${outputs['artifact-name']}`);
  return artifact;
}

/** No secret in what anybody can see of a step. */
export function expectNoSecret(step: StepResult, secrets: readonly string[]): void {
  for (const text of [step.log, step.summary, ...Object.values(step.outputs), ...Object.values(step.state)]) {
    expectNone(text, secrets);
  }
}

function expectNone(text: string, secrets: readonly string[]): void {
  for (const secret of secrets) expect(text.includes(secret) ? secret : undefined).toBeUndefined();
  expect(text).not.toMatch(/\beyJ[A-Za-z0-9_-]{10,}\.eyJ/);
}
