import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Fault } from '../../fakes/faults.ts';
import { type GitHub, startGitHubEnterpriseServer } from '../../fakes/github.ts';
import type { Environment, Platform } from '../../fakes/platform.ts';
import { AUDIENCE, azureTrust, type GateRun, gitlabTrust, type Platforms, runGate, startPlatforms } from './harness.ts';

/** Something that the gate asks and that can fail, each on a server of its own, so that they can fail at once. */
interface Service {
  readonly name: string;
  readonly server: Platform;
  readonly path: string;
  readonly environment: () => Environment;
  /** What its failure and what its refusal are called. */
  readonly failing: string;
  readonly refusing: string;
}

let platforms: Platforms;
let second: GitHub;
let services: readonly Service[];

beforeAll(async () => {
  platforms = await startPlatforms();
  second = await startGitHubEnterpriseServer({ authority: platforms.authority });
  const { github, gitlab, azure } = platforms;
  const declared = { idTokens: { GITLAB_OIDC_TOKEN: AUDIENCE } };
  services = [
    {
      name: 'GitHub’s token service',
      server: github,
      path: 'idtoken',
      environment: () => github.startJob().environment,
      failing: 'CAVRA-E313',
      refusing: 'CAVRA-E312',
    },
    {
      name: 'GitHub’s JWKS',
      server: second,
      path: 'jwks',
      environment: () => second.startJob().environment,
      failing: 'CAVRA-E314',
      refusing: 'CAVRA-E314',
    },
    {
      name: 'GitLab’s JWKS',
      server: gitlab,
      path: 'keys',
      environment: () => ({ ...gitlab.startJob(declared).environment, ...gitlabTrust(gitlab) }),
      failing: 'CAVRA-E314',
      refusing: 'CAVRA-E314',
    },
    {
      name: 'Azure’s token service',
      server: azure,
      path: 'oidctoken',
      environment: () => ({ ...azure.startJob().environment, ...azureTrust(azure) }),
      failing: 'CAVRA-E313',
      refusing: 'CAVRA-E312',
    },
  ];
});
afterEach(() => {
  for (const { server } of services) server.heal();
});
afterAll(() => Promise.all([platforms.close(), second.close()]));

interface ServiceRun extends GateRun {
  readonly service: Service;
  /** Times that the service was asked. */
  readonly asked: number;
}

/** Runs the gate against every service at once, each with the fault. */
function runAll(
  fault: Fault | ((service: Service) => Fault),
  times?: number,
  settings: Environment = {},
): Promise<readonly ServiceRun[]> {
  return Promise.all(
    services.map(async (service) => {
      const asked = () => service.server.requests.filter(({ path }) => path.includes(service.path)).length;
      const before = asked();
      service.server.fail(typeof fault === 'function' ? fault(service) : fault, times, service.path);
      const run = await runGate(platforms, { environment: { ...service.environment(), ...settings } });
      return { ...run, service, asked: asked() - before };
    }),
  );
}

function expectFailures(runs: readonly ServiceRun[], codeOf: (service: Service) => string): void {
  const outcomes = runs.map(({ service, status, report }) => [service.name, status, report.diagnosis?.code]);
  expect(outcomes).toEqual(services.map((service) => [service.name, 3, codeOf(service)]));
  for (const { report, stderr } of runs) {
    expect(report.diagnosis?.message).toMatch(/^\S[^\n]+[^.\s]$/);
    expect(stderr).not.toMatch(/\n\s+at /);
  }
}

describe('a service of the platform', () => {
  it.each<[string, Fault]>([
    ['answers 500', { kind: 'status', status: 500 }],
    ['answers 429 with Retry-After', { kind: 'status', status: 429, headers: { 'retry-after': '1' } }],
    ['drops the connection', { kind: 'reset' }],
    ['drops the connection in mid-body', { kind: 'reset-in-body' }],
  ])('that %s, and then well, costs a retry', async (_name, fault) => {
    for (const { service, status, asked } of await runAll(fault, 1)) {
      expect([service.name, status, asked]).toEqual([service.name, 0, 2]);
    }
  });

  it.each<[string, Fault]>([
    ['keeps failing', { kind: 'status', status: 503 }],
    ['keeps dropping the connection', { kind: 'reset' }],
    ['asks to come back too late', { kind: 'status', status: 429, headers: { 'retry-after': '3600' } }],
    ['sends another media type', { kind: 'content-type', value: 'text/html' }],
    ['sends 50 MB', { kind: 'huge', bytes: 50 * 1024 * 1024, announced: false }],
    ['sends no JSON', { kind: 'body', body: 'no JSON' }],
    ['speaks another protocol', { kind: 'garbage' }],
  ])('that %s ends the gate', async (_name, fault) => {
    expectFailures(await runAll(fault), ({ failing }) => failing);
  });

  it.each<[string, Fault]>([
    ['refuses', { kind: 'status', status: 403 }],
    ['redirects', { kind: 'redirect', status: 307, to: 'https://localhost/elsewhere' }],
  ])('that %s is asked once', async (_name, fault) => {
    const runs = await runAll(fault);
    expectFailures(runs, ({ refusing }) => refusing);
    expect(runs.map(({ asked }) => asked)).toEqual(services.map(() => 1));
  });

  it('that is silent, or never ends its answer, ends the gate within its deadline', async () => {
    // Both take their time, so they are tried at once.
    const fault = ({ path }: Service): Fault => ({ kind: path === 'jwks' || path === 'oidctoken' ? 'drip' : 'silent' });
    const runs = await runAll(fault, undefined, { CAVRA_TIMEOUT_SECONDS: '8' });
    expectFailures(runs, ({ failing }) => failing);
    for (const { elapsed } of runs) expect(elapsed).toBeLessThan(15_000);
  });

  it('that is down ends the gate', async () => {
    // The jobs are given their tokens before the platforms go down.
    const jobs = services.map((service) => ({ service, environment: service.environment() }));
    await Promise.all(services.map(({ server }) => server.down()));
    try {
      const runs = jobs.map(async ({ service, environment }) => {
        const { status, report } = await runGate(platforms, { environment });
        return [service.name, status, report.diagnosis?.code];
      });
      // Of GitHub it is the token that cannot be had first.
      const codes = ['CAVRA-E313', 'CAVRA-E313', 'CAVRA-E314', 'CAVRA-E313'];
      expect(await Promise.all(runs)).toEqual(services.map(({ name }, index) => [name, 3, codes[index]]));
    } finally {
      await Promise.all(services.map(({ server }) => server.up()));
    }
  });
});
