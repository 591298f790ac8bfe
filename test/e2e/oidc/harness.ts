import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { type Authority, createAuthority } from '../../fakes/authority.ts';
import { type AzureDevOps, startAzureDevOps } from '../../fakes/azure.ts';
import { type GitHub, startGitHubEnterpriseServer } from '../../fakes/github.ts';
import { type GitLab, startGitLab } from '../../fakes/gitlab.ts';
import type { Environment } from '../../fakes/platform.ts';
import { HMAC_ENVIRONMENT, runCli } from '../../support/cli.ts';
import { readRepositoryFile } from '../../support/repository.ts';

export const AUDIENCE = 'cavra-release-governance';
export const AZURE_AUDIENCE = 'api://AzureADTokenExchange';

/** The three platforms on the loopback interface, under one authority. */
export interface Platforms {
  readonly authority: Authority;
  readonly github: GitHub;
  readonly gitlab: GitLab;
  readonly azure: AzureDevOps;
  /** Every token that any of them has issued. */
  issued(): readonly string[];
  heal(): void;
  close(): Promise<void>;
}

export async function startPlatforms(): Promise<Platforms> {
  const authority = createAuthority();
  const [github, gitlab, azure] = await Promise.all([
    startGitHubEnterpriseServer({ authority }),
    startGitLab({ authority }),
    startAzureDevOps({ authority }),
  ]);
  const all = [github, gitlab, azure];
  return {
    authority,
    github,
    gitlab,
    azure,
    issued: () => all.flatMap(({ keys }) => keys.issued),
    heal: () => {
      for (const platform of all) platform.heal();
    },
    close: async () => {
      await Promise.all(all.map((platform) => platform.close()));
      authority.dispose();
    },
  };
}

/** What a self-managed GitLab has to have pinned. */
export const gitlabTrust = (gitlab: GitLab): Environment => ({
  CAVRA_RUNNER_OIDC_ISSUER: gitlab.issuer,
  CAVRA_RUNNER_OIDC_JWKS_URL: gitlab.jwksUrl,
  CAVRA_RUNNER_OIDC_AUDIENCE: AUDIENCE,
});

/** What an Azure DevOps collection has to have pinned. */
export const azureTrust = (azure: AzureDevOps): Environment => ({
  CAVRA_RUNNER_OIDC_ISSUER: azure.issuer,
  CAVRA_RUNNER_OIDC_JWKS_URL: azure.jwksUrl,
  CAVRA_RUNNER_OIDC_AUDIENCE: AZURE_AUDIENCE,
});

/** What `gate --format json` prints, as far as these tests look at it. */
export interface GateReport {
  readonly verdict: string;
  readonly exit_code: number;
  readonly diagnosis: { readonly code: string; readonly message: string; readonly action: string } | null;
  readonly decisions: readonly { readonly decision: string; readonly rule_id: string; readonly reason: string }[];
  readonly authentication: {
    readonly method: string;
    readonly provider: string;
    readonly repository: string;
    readonly key_id: string;
    readonly verified: readonly string[];
    readonly unverified: readonly string[];
  } | null;
  readonly evidence: { readonly valid: boolean; readonly records: number } | null;
}

export interface GateRun {
  readonly status: number | null;
  readonly report: GateReport;
  readonly stderr: string;
  /** Milliseconds from spawn to exit. */
  readonly elapsed: number;
}

export interface GateRunOptions {
  /** The job's environment; the evidence key and the authority are added. */
  readonly environment: Environment;
  readonly args?: readonly string[];
  /** Node to run the bundle with. */
  readonly node?: string;
  /** Files to put into the workspace first. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Runs the committed bundle's gate in a workspace of its own and makes sure that no secret of the environment is left anywhere. */
export async function runGate(platforms: Platforms, options: GateRunOptions): Promise<GateRun> {
  const workspace = mkdtempSync(join(tmpdir(), 'cavra-oidc-'));
  try {
    writeFileSync(join(workspace, 'request.json'), readRepositoryFile('examples/approved-promotion.json'));
    for (const [name, content] of Object.entries(options.files ?? {})) writeFileSync(join(workspace, name), content);
    const environment = {
      CAVRA_DAEMON_EVIDENCE_HMAC_KEY: HMAC_ENVIRONMENT.CAVRA_DAEMON_EVIDENCE_HMAC_KEY,
      CAVRA_DAEMON_EVIDENCE_KEY_ID: HMAC_ENVIRONMENT.CAVRA_DAEMON_EVIDENCE_KEY_ID,
      NODE_EXTRA_CA_CERTS: platforms.authority.file,
      ...options.environment,
    };
    const start = Date.now();
    const { status, stdout, stderr } = await runCli(
      ['gate', 'request.json', '--format', 'json', '--auth', 'oidc', ...(options.args ?? [])],
      { environment, workingDirectory: workspace, ...(options.node === undefined ? {} : { node: options.node }) },
    );
    const elapsed = Date.now() - start;
    const given = new Set(['request.json', ...Object.keys(options.files ?? {})]);
    const written = filesBelow(workspace, given);
    expectNoSecret([stdout, stderr, ...written], [...secretsOf(environment), ...platforms.issued().flatMap(partsOf)]);
    // Without a report, what the program said instead is the test's failure.
    if (stdout === '') throw new Error(`exit status ${status} without a report: ${stderr}`);
    return { status, report: JSON.parse(stdout) as GateReport, stderr, elapsed };
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}

/** Values of the environment that must be found nowhere: keys, credentials and tokens, and the long parts of tokens. */
function secretsOf(environment: Environment): readonly string[] {
  return Object.entries(environment)
    .filter(([name]) => /(TOKEN|JWT|HMAC_KEY)$/.test(name))
    .flatMap(([, value]) => [value, ...partsOf(value)])
    .filter((value) => value.length >= 16);
}

/** Claims and signature of a token; its header says nothing that is secret. */
function partsOf(token: string): readonly string[] {
  return token.split('.').slice(1);
}

export function expectNoSecret(texts: readonly string[], secrets: readonly string[]): void {
  for (const text of texts) {
    for (const secret of secrets) expect(text.includes(secret) ? secret : undefined).toBeUndefined();
    // The claims of any token, whoever issued it, begin like this.
    expect(text).not.toMatch(/\.eyJ[A-Za-z0-9_-]{20}/);
  }
}

/** The content of every file in a folder, at any depth, but of those named. */
export function filesBelow(folder: string, except: ReadonlySet<string> = new Set()): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !except.has(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [readFileSync(path, 'latin1')];
    });
}
