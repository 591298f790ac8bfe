import { generateKeyPairSync } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ResultsFault, ResultsStep } from '../../fakes/github-results.ts';
import {
  contentOf,
  dotComJob,
  EVIDENCE_FILES,
  EVIDENCE_KEY,
  newRun,
  type Platform,
  published,
  startPlatform,
  verifyArtifact,
} from './harness.ts';
import type { RunnerJob, StepOptions, StepResult } from './runner.ts';

let platform: Platform;
const jobs: RunnerJob[] = [];

beforeAll(async () => {
  platform = await startPlatform();
});
afterEach(() => {
  for (const job of jobs.splice(0)) job.dispose();
  platform.heal();
});
afterAll(() => platform.close());

function newJob(facts = newRun(), on = platform): RunnerJob {
  const job = dotComJob(on, facts);
  jobs.push(job);
  return job;
}

const ALLOW: StepOptions = { with: { request: 'approved-promotion.json' }, env: EVIDENCE_KEY };
const BLOCK: StepOptions = { with: { request: 'blocked-tampered-artifact.json' }, env: EVIDENCE_KEY };

/** Neither a pass nor a block changes by what becomes of the evidence. */
async function expectVerdictsUnchanged(
  prepare: (job: RunnerJob) => void,
  with_: Readonly<Record<string, string>> = {},
) {
  const [allowed, blocked] = await Promise.all(
    [ALLOW, BLOCK].map((options) => {
      const job = newJob();
      prepare(job);
      return job.main({ ...options, with: { ...options.with, ...with_ } });
    }),
  );
  expect(allowed).toMatchObject({ status: 0, outputs: { verdict: 'pass', decision: 'allow', 'diagnosis-code': '' } });
  expect(blocked).toMatchObject({
    status: 1,
    outputs: { verdict: 'fail', decision: 'block', 'diagnosis-code': 'CAVRA-E101' },
  });
  return [allowed, blocked].flatMap((step) => step ?? []);
}

function expectNotPublished(step: StepResult): void {
  expect(step.outputs).toMatchObject({ 'artifact-name': '', 'artifact-id': '', 'artifact-url': '' });
  expect(
    step.annotations.filter(({ name, message }) => name === 'warning' && message.includes('CAVRA-E506')),
  ).toHaveLength(1);
  expect(step.summary).toContain('not published');
  expect(step.state).toEqual({ publication: 'failed' });
}

describe('a name that is taken', () => {
  it('gets a suffix when it is the default', async () => {
    const facts = newRun();
    const name = `cavra-release-governance-${facts.job}-1`;
    platform.results.take(name);
    const step = await newJob(facts).main(ALLOW);
    expect(step).toMatchObject({ status: 0, annotations: [], outputs: { verdict: 'pass' } });
    expect(step.outputs['artifact-name']).toBe(`${name}-${step.outputs['head-hash']?.slice(0, 12)}`);
    expect((await verifyArtifact(published(platform, step))).status).toBe(0);
  });

  it('is left alone when it was chosen, and changes no verdict', async () => {
    platform.results.take('chosen');
    const steps = await expectVerdictsUnchanged(() => undefined, { 'artifact-name': 'chosen' });
    for (const step of steps) expectNotPublished(step);
    expect(steps[0]?.annotations[0]?.message).toContain('(409)');
  });
});

describe('an outage of the artifact service changes no verdict', () => {
  it.each<[string, ResultsStep, ResultsFault]>([
    ['says nothing at all', 'create', { kind: 'silent' }],
    ['is down for longer than the client waits', 'create', { kind: 'status', status: 500 }],
    ['drops connections when the artifact is created', 'create', { kind: 'reset' }],
    ['refuses to create it', 'create', { kind: 'status', status: 403 }],
    ['refuses the bytes', 'upload', { kind: 'status', status: 403 }],
    ['drops connections while it takes the bytes', 'upload', { kind: 'reset' }],
    ['says nothing when it is given the bytes', 'upload', { kind: 'silent' }],
    ['drops connections at the end', 'finalize', { kind: 'reset' }],
    ['does not finalize it', 'finalize', { kind: 'status', status: 400 }],
  ])('that %s', async (_, at, fault) => {
    platform.results.fail(at, fault);
    const steps = await expectVerdictsUnchanged(() => undefined, { 'timeout-seconds': '5' });
    for (const step of steps) expectNotPublished(step);
  });

  it('that is over after a while: the evidence is published', async () => {
    platform.results.fail('create', { kind: 'status', status: 503 }, 1);
    const step = await newJob().main(ALLOW);
    expect(step).toMatchObject({ status: 0, annotations: [] });
    expect((await verifyArtifact(published(platform, step))).status).toBe(0);
  });

  it('unless fail-on-upload-error asks for it', async () => {
    platform.results.fail('create', { kind: 'reset' });
    const with_ = { ...ALLOW.with, 'fail-on-upload-error': 'true' };
    const step = await newJob().main({ ...ALLOW, with: with_ });
    expect(step).toMatchObject({
      status: 1,
      outputs: { verdict: 'pass', decision: 'allow', 'diagnosis-code': 'CAVRA-E506' },
    });
    expect(step.annotations).toMatchObject([{ name: 'error' }]);
  });
});

describe('inputs', () => {
  it('upload-artifact: false keeps the evidence on disk', async () => {
    const job = newJob();
    const before = platform.results.steps.length;
    const step = await job.main({ ...ALLOW, with: { ...ALLOW.with, 'upload-artifact': 'false' } });
    expect(step).toMatchObject({
      status: 0,
      annotations: [],
      outputs: { 'artifact-name': '' },
      state: { publication: 'done' },
    });
    expect(step.log).toContain('upload-artifact is false');
    expect(platform.results.steps).toHaveLength(before);
  });

  it('retention-days is asked for', async () => {
    const step = await newJob().main({ ...ALLOW, with: { ...ALLOW.with, 'retention-days': '7' } });
    const days = (Date.parse(published(platform, step).expiresAt ?? '') - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(7);
  });

  it('artifact-name is taken as it is', async () => {
    const step = await newJob().main({ ...ALLOW, with: { ...ALLOW.with, 'artifact-name': 'evidence of größe (1)' } });
    expect(published(platform, step).name).toBe('evidence of größe (1)');
  });

  it('summary: false writes none', async () => {
    const step = await newJob().main({ ...ALLOW, with: { ...ALLOW.with, summary: 'false' } });
    expect(step).toMatchObject({ status: 0, summary: '' });
  });
});

describe('only the gate’s own files of this run are published', () => {
  it('whatever a repository has committed in its place', async () => {
    const job = newJob();
    const folder = join(job.workspace, '.cavra/go-daemon');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(job.root, 'outside.txt'), 'a file outside of the workspace');
    writeFileSync(join(folder, 'notes.txt'), 'not a file of the gate');
    symlinkSync(join(job.root, 'outside.txt'), join(folder, 'release-governance-report.html'));
    writeFileSync(join(folder, 'release-governance-evidence.jsonl'), '{"schema_version":"of another run"}\n');
    const step = await job.main(ALLOW);
    expect(step.status).toBe(0);
    const files = contentOf(published(platform, step), []);
    expect([...files.keys()].sort()).toEqual([...EVIDENCE_FILES]);
    expect([...files.values()].join()).not.toMatch(/another run|outside of the workspace/);
    expect(step.summary).toContain('notes&#46;txt');
    expect((await verifyArtifact(published(platform, step))).status).toBe(0);
  });

  it('and the copies made for the upload are gone', async () => {
    const job = newJob();
    await job.main(ALLOW);
    expect(readdirSync(job.temp)).toEqual(['_runner_file_commands']);
  });
});

describe('post', () => {
  it('has nothing to do after a publication', async () => {
    const job = newJob();
    const { state } = await job.main(ALLOW);
    const before = platform.results.steps.length;
    const post = await job.post({ ...ALLOW, state });
    expect(post).toMatchObject({ status: 0, raw: '', summary: '' });
    expect(platform.results.steps).toHaveLength(before);
  });

  it('has nothing to do after wrong inputs, or when nothing was written', async () => {
    const job = newJob();
    const wrong = { ...ALLOW, with: { ...ALLOW.with, 'expected-decision': 'maybe' } };
    const { state } = await job.main(wrong);
    expect(await job.post({ ...wrong, state })).toMatchObject({ status: 0, raw: '' });
    expect(await newJob().post(ALLOW)).toMatchObject({ status: 0, annotations: [], summary: '' });
  });

  it('publishes what a cancelled upload did not', async () => {
    const facts = newRun();
    const job = newJob(facts);
    platform.results.fail('create', { kind: 'silent' });
    const count = platform.results.steps.length;
    const main = await job.main({
      ...ALLOW,
      onStart: async (child) => {
        while (platform.results.steps.length === count) await sleep(10);
        child.kill('SIGINT');
      },
    });
    expect(main).toMatchObject({
      status: null,
      signal: 'SIGINT',
      state: {},
      outputs: { verdict: 'pass', 'artifact-name': '' },
    });
    platform.heal();

    const post = await job.post({ ...ALLOW, state: main.state });
    expect(post).toMatchObject({ status: 0, annotations: [] });
    const artifact = platform.results.artifacts.findLast(({ name }) => name.includes(facts.job ?? ''));
    if (artifact === undefined) throw new Error('nothing was published');
    expect([...contentOf(artifact, Object.values(EVIDENCE_KEY).slice(0, 1)).keys()].sort()).toEqual([
      ...EVIDENCE_FILES,
    ]);
    expect((await verifyArtifact(artifact, '--expect-decision', 'allow')).status).toBe(0);
    expect(post.summary).toContain('CAVRA-E507');
    expect(post.summary).toContain(artifact.name.replaceAll('-', '&#45;'));
  });

  it('publishes what a gate that was killed in its work had recorded', async () => {
    const facts = newRun();
    const job = newJob(facts);
    const request = job.read('approved-promotion.json');
    for (let index = 0; index < 600; index += 1) job.write(`many/${index}.json`, request);
    const stream = join(job.workspace, '.cavra/go-daemon/release-governance-evidence.jsonl');
    const main = await job.main({
      with: { request: 'many/*.json' },
      env: EVIDENCE_KEY,
      onStart: async (child) => {
        while (!existsSync(stream) || readFileSync(stream).length < 20_000) await sleep(5);
        child.kill('SIGKILL');
      },
    });
    expect(main).toMatchObject({ signal: 'SIGKILL', state: {}, outputs: {} });
    // The power fails in the middle of a line.
    appendFileSync(stream, '{"schema_version":"cavra.go-dae');
    const recorded = readFileSync(stream, 'utf8').split('\n').length - 1;

    const post = await job.post({ with: { request: 'many/*.json' }, env: EVIDENCE_KEY, state: main.state });
    expect(post.status).toBe(0);
    const artifact = platform.results.artifacts.findLast(({ name }) => name.includes(facts.job ?? ''));
    if (artifact === undefined) throw new Error('nothing was published');
    const files = contentOf(artifact, []);
    expect(files.get('release-governance-evidence.torn.jsonl')).toContain('{"schema_version":"cavra.go-dae');
    expect(files.get('release-governance-evidence.jsonl')?.trim().split('\n')).toHaveLength(recorded);
    const report = JSON.parse((await verifyArtifact(artifact)).stdout);
    expect(report).toMatchObject({ records: recorded, signatures: 'checked' });
    expect(report.findings.filter(({ code }: { code: string }) => !code.startsWith('response_'))).toEqual([]);
  });

  it('tries again what the artifact service did not take', async () => {
    const job = newJob();
    platform.results.fail('create', { kind: 'reset' });
    const main = await job.main(BLOCK);
    expectNotPublished(main);
    platform.heal();
    const post = await job.post({ ...BLOCK, state: main.state });
    expect(post).toMatchObject({ status: 0, annotations: [] });
    expect(post.summary).not.toContain('CAVRA-E507');
    expect(post.summary).toContain('/artifacts/');
  });

  it('leaves the checkpoint of a gate that had finished as it is', async () => {
    const facts = newRun();
    const job = newJob(facts);
    const { privateKey } = generateKeyPairSync('ed25519');
    const env = {
      ...EVIDENCE_KEY,
      CAVRA_ATTESTATION_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      CAVRA_ATTESTATION_KEY_ID: 'ci-attestation-2099-q4',
    };
    platform.results.fail('create', { kind: 'reset' });
    const main = await job.main({ ...ALLOW, env });
    platform.heal();
    expect(main.summary).toContain('**PASSED**');
    const name = 'release-governance-checkpoint.sigstore.json';
    const before = job.read(`.cavra/go-daemon/${name}`);
    expect(await job.post({ ...ALLOW, env, state: main.state })).toMatchObject({ status: 0, annotations: [] });
    const artifact = platform.results.artifacts.findLast((each) => each.name.includes(facts.job ?? ''));
    if (artifact === undefined) throw new Error('nothing was published');
    expect(contentOf(artifact, env.CAVRA_ATTESTATION_KEY.split('\n').slice(1, 2)).get(name)).toBe(before);
  });

  it('says that evidence was changed since, and publishes it as it is', async () => {
    const job = newJob();
    platform.results.fail('create', { kind: 'reset' });
    const { state } = await job.main(BLOCK);
    platform.heal();
    const stream = '.cavra/go-daemon/release-governance-evidence.jsonl';
    const changed = job.read(stream).replace('"decision":"block"', '"decision":"allow"');
    job.write(stream, changed);
    const post = await job.post({ ...BLOCK, state });
    expect(post).toMatchObject({ status: 0, annotations: [{ name: 'warning' }] });
    expect(post.annotations[0]?.message).toContain('CAVRA-E401');
    expect(post.summary).toContain('it was changed since');
    const artifact = platform.results.artifacts.at(-1);
    expect(artifact === undefined ? '' : contentOf(artifact, []).get('release-governance-evidence.jsonl')).toBe(
      changed,
    );
  });

  it('says so when it cannot publish either, and fails nothing', async () => {
    const job = newJob();
    platform.results.fail('create', { kind: 'reset' });
    const { state } = await job.main(ALLOW);
    const post = await job.post({ ...ALLOW, state });
    expect(post).toMatchObject({ status: 0, annotations: [{ name: 'warning' }] });
  });

  it('withholds a secret that a step put into the evidence since', async () => {
    const facts = newRun();
    const job = newJob(facts);
    platform.results.fail('create', { kind: 'reset' });
    const { state } = await job.main(ALLOW);
    platform.heal();
    const leak = '.cavra/go-daemon/release-governance-response.json';
    job.write(leak, `${job.read(leak)}${EVIDENCE_KEY.CAVRA_DAEMON_EVIDENCE_HMAC_KEY}`);
    const post = await job.post({ ...ALLOW, state });
    expect(post.status).toBe(1);
    expect(post.annotations.map(({ message }) => message).join()).toContain('CAVRA-E602');
    const artifact = platform.results.artifacts.findLast(({ name }) => name.includes(facts.job ?? ''));
    if (artifact === undefined) throw new Error('nothing was published');
    const files = contentOf(artifact, Object.values(EVIDENCE_KEY).slice(0, 1));
    expect(files.has('release-governance-response.json')).toBe(false);
    expect(files.has('release-governance-evidence.jsonl')).toBe(true);
  });

  it('publishes nothing of another run', async () => {
    const first = newJob();
    await first.main(ALLOW);
    const second = newJob();
    for (const name of EVIDENCE_FILES) second.write(`.cavra/go-daemon/${name}`, first.read(`.cavra/go-daemon/${name}`));
    const before = platform.results.artifacts.length;
    const post = await second.post(ALLOW);
    expect(post).toMatchObject({ status: 0, summary: '' });
    expect(post.log).toContain('left no evidence');
    expect(platform.results.artifacts).toHaveLength(before);
  });
});
