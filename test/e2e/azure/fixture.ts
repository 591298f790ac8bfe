import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import { type Authority, createAuthority } from '../../fakes/authority.ts';
import type { AzureDevOps, AzureJobFacts } from '../../fakes/azure.ts';
import { type CliRun, runCli } from '../../support/cli.ts';
import { root } from '../../support/repository.ts';
import { FakeAgent, type Step, type StepRun } from './agent.ts';
import { EVIDENCE_SECRETS, pins, startCollection, startJob } from './collection.ts';

export const APPROVED = 'examples/approved-promotion.json';
export const BLOCKED = 'examples/blocked-tampered-artifact.json';

export interface Run extends Partial<Omit<Step, 'inputs'>> {
  readonly inputs?: Readonly<Record<string, string>>;
  readonly facts?: AzureJobFacts;
}

/** A collection for all tests of a file, and an agent for each. */
export interface AzureFixture {
  readonly authority: Authority;
  readonly collection: AzureDevOps;
  readonly agent: FakeAgent;
  /** The agent's own; its path has spaces, as many do. */
  readonly folder: string;
  /** Runs the task in a job of its own, pinned to the collection, and checks what every run has to keep. */
  readonly run: (options?: Run) => Promise<StepRun>;
  /** Verifies the artifact as an auditor would, who has it on another machine. */
  readonly verifyArtifact: (step: StepRun, expectations?: readonly string[]) => Promise<CliRun>;
}

/** To be called at the top of a test file. */
export function useAzure(): AzureFixture {
  let authority: Authority;
  let collection: AzureDevOps;
  let folder: string;
  let agent: FakeAgent;

  beforeAll(async () => {
    authority = createAuthority();
    collection = await startCollection(authority);
  });
  afterAll(async () => {
    await collection.close();
    authority.dispose();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cavra azure agent '));
    agent = new FakeAgent({ folder, machine: { NODE_EXTRA_CA_CERTS: authority.file } });
    cpSync(join(root, 'examples'), join(agent.sources, 'examples'), { recursive: true });
  });
  afterEach(() => {
    collection.heal();
    rmSync(folder, { recursive: true, force: true });
  });

  return {
    get authority() {
      return authority;
    },
    get collection() {
      return collection;
    },
    get agent() {
      return agent;
    },
    get folder() {
      return folder;
    },
    run: async ({ inputs = {}, facts, ...rest } = {}) => {
      const step: Step = {
        ...startJob(collection, facts),
        inputs: { request: APPROVED, ...pins(collection), ...inputs },
        ...rest,
      };
      const done = await agent.run(step);
      expectGoodManners(done, step);
      return done;
    },
    verifyArtifact: (step, expectations = []) => {
      const downloaded = mkdtempSync(join(folder, 'downloaded-'));
      writeArtifact(step, downloaded);
      return runCli(['verify', downloaded, '--format', 'json', ...expectations], {
        workingDirectory: folder,
        environment: EVIDENCE_SECRETS,
      });
    },
  };
}

/** The reported result. */
export function result({ results }: StepRun): string | undefined {
  return results[0]?.result;
}

/** Writes the only artifact of a step into a folder, as a download does. */
export function writeArtifact({ artifacts }: StepRun, target: string): void {
  mkdirSync(target, { recursive: true });
  for (const [name, bytes] of artifacts[0]?.files ?? []) writeFileSync(join(target, name), bytes);
}

/** One result, at the very end; nothing that the agent would not do; no secret and no stack trace anywhere. */
export function expectGoodManners(done: StepRun, { secrets = {}, accessToken = '' }: Step): void {
  expect({ status: done.status, refused: done.refused, results: done.results.length }).toEqual({
    status: 0,
    refused: [],
    results: 1,
  });
  expect(done.commands.at(-1)?.name).toBe('task.complete');
  expect(done.output).not.toMatch(/\n\s+at .*\(/);
  const published = done.artifacts.flatMap(({ files }) => [...files.values()].map((bytes) => bytes.toString('utf8')));
  for (const text of [done.output, ...published, ...done.summaries.map(({ text: summary }) => summary)]) {
    expect(text).not.toMatch(/eyJ[\w-]{8,}\.eyJ/);
    for (const secret of [...Object.values(secrets), accessToken].filter((value) => value.length > 24)) {
      expect(text).not.toContain(secret);
    }
  }
}
