import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { makeSite, SECRETS, type Site } from '../daemon/harness.ts';
import { contentOf, dotComJob, newRun, type Platform, startPlatform } from './harness.ts';
import type { RunnerJob, StepOptions } from './runner.ts';

const STREAM = 'release-governance-evidence.jsonl';
const CHECKPOINT = 'release-governance-checkpoint.sigstore.json';

let platform: Platform;
let site: Site;
const jobs: RunnerJob[] = [];
beforeAll(async () => {
  platform = await startPlatform();
});
beforeEach(async () => {
  site = makeSite({ attests: true });
  expect(await site.daemon('start')).toMatchObject({ status: 0, stderr: '' });
});
afterEach(async () => {
  for (const job of jobs.splice(0)) job.dispose();
  platform.heal();
  await site.remove();
});
afterAll(() => platform.close());

function newJob(facts = newRun()): RunnerJob {
  const job = dotComJob(platform, facts);
  jobs.push(job);
  return job;
}

/** A step that asks the daemon, and holds no evidence key. */
function step(request: string): StepOptions {
  return {
    with: { request, auth: 'hmac', socket: site.socket, 'daemon-public-key': site.publicKey },
    env: { CAVRA_RUNNER_AUTH_HMAC_KEY: SECRETS.RUNNER_KEY, CAVRA_RUNNER_AUTH_KEY_ID: 'runner-2099-q4' },
  };
}

/** The one stream of a run that the daemon has. */
function recorded(): string {
  const [name] = readdirSync(site.evidence).filter((each) => !/^(?:refused-|daemon\.lock)/.test(each));
  const path = join(site.evidence, name ?? '', STREAM);
  return name !== undefined && existsSync(path) ? readFileSync(path, 'utf8') : '';
}

function artifactOf({ job = '' }: { readonly job?: string }): ReadonlyMap<string, string> {
  const artifact = platform.results.artifacts.findLast(({ name }) => name.includes(job));
  if (artifact === undefined) throw new Error('nothing was published');
  return contentOf(artifact, Object.values(SECRETS));
}

describe('the action at a resident daemon', () => {
  it('publishes what the daemon has', async () => {
    const facts = newRun();
    const main = await newJob(facts).main(step('approved-promotion.json'));
    expect(main).toMatchObject({ status: 0, outputs: { verdict: 'pass', decision: 'allow' } });
    const files = artifactOf(facts);
    expect(files.get(STREAM)).toBe(recorded());
    expect([...files.keys()]).toContain(CHECKPOINT);
  });

  it('publishes what a gate that was killed in its work had asked', async () => {
    const facts = newRun();
    const job = newJob(facts);
    const request = job.read('approved-promotion.json');
    for (let index = 0; index < 300; index += 1) job.write(`many/${index}.json`, request);
    const options = step('many/*.json');
    const main = await job.main({
      ...options,
      onStart: async (child) => {
        while (recorded().length < 20_000) await sleep(5);
        child.kill('SIGKILL');
      },
    });
    expect(main).toMatchObject({ signal: 'SIGKILL', outputs: {} });
    expect(existsSync(join(job.workspace, '.cavra/go-daemon', STREAM))).toBe(false);

    const post = await job.post({ ...options, state: main.state });
    expect(post).toMatchObject({ status: 0, annotations: [] });
    expect(post.summary).toContain('CAVRA-E507');
    const files = artifactOf(facts);
    expect(files.get(STREAM)).toBe(recorded());
    const report = JSON.parse(files.get('release-governance-evidence-verification.json') ?? '');
    expect(report).toMatchObject({ valid: true, signatures: 'checked', checkpoint: 'valid' });
    expect(report.checkpoint_details).toMatchObject({ result: 'FAILED' });
  });

  it('publishes in the end what could not be published at first, as it was', async () => {
    const facts = newRun();
    const job = newJob(facts);
    platform.results.fail('create', { kind: 'reset' });
    const main = await job.main(step('approved-promotion.json'));
    expect(main).toMatchObject({ status: 0, outputs: { verdict: 'pass', 'artifact-name': '' } });
    platform.heal();
    const checkpoint = job.read(`.cavra/go-daemon/${CHECKPOINT}`);
    const post = await job.post({ ...step('approved-promotion.json'), state: main.state });
    expect(post).toMatchObject({ status: 0, annotations: [] });
    expect(artifactOf(facts).get(CHECKPOINT)).toBe(checkpoint);
    expect(artifactOf(facts).get(STREAM)).toBe(recorded());
  });
});
