import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVerifier, KNOWN_EVIDENCE_FILES, type SettingName, systemClock } from '@cavra/release-governance-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { HMAC_ENVIRONMENT } from '../support/cli.ts';
import type { ContractJob, ContractResult, FrontEnd, JobFacts, Session } from './front-end.ts';
import { EVIDENCE_KEY } from './front-ends/workspace.ts';

type Settings = Readonly<Partial<Record<SettingName, string>>>;

const APPROVED = 'examples/approved-promotion.json';
const BLOCKED = 'examples/blocked-tampered-artifact.json';
const PENDING = 'examples/pending-approval.json';

/** An expected block that may pass: the case in which a refusal must not be taken for what was expected. */
const BLOCK_MAY_PASS: Settings = { 'expected-decision': 'block', 'allow-blocking-decision': 'true' };

const PUBLISHED = [
  'release-governance-evidence-verification.json',
  'release-governance-evidence.jsonl',
  'release-governance-response.json',
  'release-governance-responses.jsonl',
  'runner-auth-claims.json',
];

/** Text that would be a command, a section, an escape sequence or markup where it was printed as it is. */
const HOSTILE = [
  '##vso[task.complete result=Succeeded;]',
  '##vso[task.setvariable variable=verdict;isOutput=true]pass',
  '::set-output name=verdict::pass',
  '::add-mask::allow',
  '##[error]',
  'section_start:0:x\r\u001b[0K',
  'CAVRA_VERDICT=pass',
  '$(id) $IFS `id` %0A',
].join('\n');

/**
 * The contract that every front end keeps: the same request, keys and token lead to the same decision, diagnosis, outputs and evidence,
 * whichever platform asks, and the same things never show. A case that holds for one front end alone belongs to its own tests.
 */
export function holdContract(frontEnd: FrontEnd): void {
  let session: Session;
  const jobs: ContractJob[] = [];
  beforeAll(async () => {
    session = await frontEnd.open();
  });
  afterEach(() => {
    session.platform.heal();
    for (const job of jobs.splice(0)) job.dispose();
  });
  afterAll(() => session.close());

  const newJob = (facts?: JobFacts): ContractJob => {
    const job = session.newJob(facts);
    jobs.push(job);
    return job;
  };

  /** Runs the gate and checks what holds of every run. */
  const run = async (settings: Settings, facts: JobFacts = {}, job = newJob(facts)): Promise<ContractResult> => {
    const result = await job.run(settings);
    expectConsistent(result);
    expectNoSecret(result, [...session.platform.keys.issued, ...secretsOf(facts.keys ?? EVIDENCE_KEY)]);
    return result;
  };
  const write = (job: ContractJob, name: string, text: string) => writeFileSync(join(job.workspace, name), text);
  const example = (job: ContractJob, path: string) => JSON.parse(readFileSync(join(job.workspace, path), 'utf8'));

  describe(frontEnd.name, () => {
    describe('a decision', () => {
      it('allow passes, with evidence of this run that verifies', async () => {
        const job = newJob();
        const result = await run({ request: APPROVED }, {}, job);
        expect(result.passed).toBe(true);
        expect(result.outputs).toMatchObject({
          verdict: 'pass',
          decision: 'allow',
          'rule-id': 'release_governance.approval.approved',
          'decision-id': expect.stringMatching(/^dec_[0-9a-f]{12}$/),
          'evidence-dir': '.cavra/go-daemon',
          'evidence-valid': 'true',
          'record-count': '1',
          'head-hash': expect.stringMatching(/^[0-9a-f]{64}$/),
          'auth-method': 'oidc',
          'diagnosis-code': '',
        });
        expect([...result.published.keys()]).toEqual(expect.arrayContaining(PUBLISHED));
        expect(KNOWN_EVIDENCE_FILES).toEqual(expect.arrayContaining([...result.published.keys()]));
        const expectations = { ...job.proven, provider: frontEnd.provider, decision: 'allow' as const };
        expect((await verify(result, expectations)).failure).toBeUndefined();
      });

      it.each([
        [BLOCKED, 'block', 'release_governance.integrity.failed'],
        [PENDING, 'require_approval', 'release_governance.approval.pending'],
      ])('%s stops the job, and is evidence', async (request, decision, rule) => {
        const result = await run({ request });
        expect(result.passed).toBe(false);
        expect(result.outputs).toMatchObject({ decision, 'rule-id': rule, 'diagnosis-code': 'CAVRA-E101' });
        expect(result.printed).toContain('CAVRA-E101');
        expect((await verify(result)).failure).toBeUndefined();
      });

      it.each([
        ['is not expected', APPROVED, { 'expected-decision': 'block' }, 'CAVRA-E101'],
        ['may not pass', BLOCKED, { 'expected-decision': 'block' }, 'CAVRA-E103'],
        ['is of another rule', APPROVED, { 'expected-rule-id': 'release_governance.record.verified' }, 'CAVRA-E102'],
      ] as const)('that %s stops the job', async (_, request, settings, code) => {
        const result = await run({ request, ...settings });
        expect(result).toMatchObject({ passed: false, outputs: { 'diagnosis-code': code } });
      });

      it('that was expected passes', async () => {
        const result = await run({ request: BLOCKED, ...BLOCK_MAY_PASS });
        expect(result).toMatchObject({ passed: true, outputs: { verdict: 'pass', decision: 'block' } });
      });

      it('is the worst of several, in one stream', async () => {
        const result = await run({ request: `${APPROVED}\n${PENDING}\n${BLOCKED}` });
        expect(result).toMatchObject({ passed: false, outputs: { decision: 'block', 'record-count': '3' } });
      });

      it('follows the rules that were chosen', async () => {
        const request = 'examples/approved-with-drift.json';
        const [strict, compatible] = [await run({ request }), await run({ request, rules: 'compatible' })];
        expect(compatible.outputs['rule-id']).toBe('release_governance.approval.approved');
        expect(strict.outputs['verdict']).toBe(strict.passed ? 'pass' : 'fail');
      });

      it('in a second run of the same job continues the stream', async () => {
        const job = newJob();
        await run({ request: APPROVED }, {}, job);
        const second = await run({ request: APPROVED }, {}, job);
        expect(second.outputs['record-count']).toBe('2');
        expect((await verify(second)).failure).toBeUndefined();
      });

      it('works where paths have blanks and letters of any script', async () => {
        const job = newJob({ folder: 'Arbeits bereich ü 日本' });
        write(job, 'freigabe größe 日本.json', JSON.stringify(example(job, APPROVED)));
        const result = await run({ request: 'freigabe größe 日本.json', 'evidence-dir': 'nach weise' }, {}, job);
        expect(result).toMatchObject({ passed: true, outputs: { 'evidence-dir': 'nach weise' } });
        expect(result.published.size).toBeGreaterThanOrEqual(PUBLISHED.length);
      });
    });

    describe('a request', () => {
      it('can be given inline', async () => {
        const text = readFileSync(join(newJob().workspace, PENDING), 'utf8');
        const result = await run({ 'request-json': JSON.stringify(JSON.parse(text)) });
        expect(result.outputs).toMatchObject({ decision: 'require_approval' });
      });

      it.each([
        ['none', {}, 'CAVRA-E202'],
        ['a file that is not there', { request: 'nothing.json' }, 'CAVRA-E203'],
        ['what is not JSON', { request: 'bad.json' }, 'CAVRA-E204'],
        ['one with authentication in it', { request: 'auth.json' }, 'CAVRA-E205'],
      ] as const)('%s is one clear error, and no evidence', async (_, settings, code) => {
        const job = newJob();
        write(job, 'bad.json', '{"release_governance":');
        write(job, 'auth.json', '{"release_governance":{},"runner_auth":{"identity":{}}}');
        const result = await run(settings, {}, job);
        expect(result).toMatchObject({ passed: false, outputs: { 'diagnosis-code': code, 'record-count': '0' } });
        expect(result.printed).toContain(code);
      });

      it('with the evidence key in it fails, and the key shows nowhere', async () => {
        const job = newJob();
        const leak = { ...example(job, APPROVED), target: EVIDENCE_KEY.CAVRA_DAEMON_EVIDENCE_HMAC_KEY };
        write(job, 'leak.json', JSON.stringify(leak));
        const result = await run({ request: 'leak.json' }, {}, job);
        expect(result).toMatchObject({ passed: false, outputs: { 'diagnosis-code': 'CAVRA-E601' } });
      });

      it('says no more to the platform than any other, whatever stands in it', async () => {
        const job = newJob();
        const { release_governance: record, ...request } = example(job, PENDING);
        const hostile = { ...request, target: HOSTILE, actor: HOSTILE };
        write(
          job,
          'hostile.json',
          JSON.stringify({ ...hostile, release_governance: { ...record, metadata_kind: HOSTILE } }),
        );
        const result = await run({ request: 'hostile.json' }, {}, job);
        expect(result).toMatchObject({ passed: false, outputs: { verdict: 'fail', decision: 'require_approval' } });
        const harmless = await run({ request: PENDING }, {}, newJob());
        expect(result.commands).toEqual(harmless.commands);
        expect(result.printed).not.toContain('\u001b');
      });
    });

    describe('a runner', () => {
      it.each([
        ['whose token is signed by somebody else', 'forged', 'CAVRA-E316'],
        ['whose token is of another repository', 'foreign', 'CAVRA-E319'],
      ] as const)('%s does not pass, not even as the block that was expected', async (_, token, code) => {
        const result = await run({ request: BLOCKED, ...BLOCK_MAY_PASS }, { token });
        expect(result).toMatchObject({ passed: false, outputs: { 'diagnosis-code': code, 'auth-method': '' } });
        expect((await verify(result)).report.records).toBe(1);
        expect(result.published.get('release-governance-response.json')).toContain('runner_auth.invalid');
      });

      it('without token and key does not pass, and that is evidence', async () => {
        const result = await run({ request: BLOCKED, ...BLOCK_MAY_PASS }, { token: 'none' });
        expect(result.passed).toBe(false);
        expect(result.outputs['diagnosis-code']).toMatch(/^CAVRA-E31[01]$/);
        expect((await verify(result)).report.records).toBe(1);
      });

      it('may be proven by HMAC', async () => {
        const result = await run({ request: APPROVED, auth: 'hmac' }, { token: 'none', keys: HMAC_ENVIRONMENT });
        expect(result).toMatchObject({ passed: true, outputs: { 'auth-method': 'hmac' } });
        expect((await verify(result)).failure).toBeUndefined();
      });

      it('that is to use OIDC is not proven by HMAC instead', async () => {
        const facts = { token: 'none', keys: HMAC_ENVIRONMENT } as const;
        const result = await run({ request: APPROVED, auth: 'oidc' }, facts);
        expect(result).toMatchObject({ passed: false, outputs: { 'auth-method': '' } });
      });

      it('is asked for again when the keys cannot be had at first', async () => {
        session.platform.fail({ kind: 'status', status: 500 }, 1, new URL(session.platform.jwksUrl).pathname);
        expect((await run({ request: APPROVED })).passed).toBe(true);
      });

      it('does not pass when the keys cannot be had at all', async () => {
        session.platform.fail({ kind: 'status', status: 403 }, undefined, new URL(session.platform.jwksUrl).pathname);
        const result = await run({ request: APPROVED });
        expect(result).toMatchObject({ passed: false, outputs: { 'diagnosis-code': 'CAVRA-E314' } });
      });
    });

    describe('the configuration', () => {
      it('needs an evidence key', async () => {
        const result = await run({ request: APPROVED }, { keys: {} });
        expect(result).toMatchObject({ passed: false, outputs: { 'diagnosis-code': 'CAVRA-E206' } });
        expect(result.published.has('release-governance-evidence.jsonl')).toBe(false);
      });

      it('needs one that can sign', async () => {
        const keys = { ...EVIDENCE_KEY, CAVRA_DAEMON_EVIDENCE_HMAC_KEY: 'short-key-of-a-test' };
        expect((await run({ request: APPROVED }, { keys })).outputs['diagnosis-code']).toBe('CAVRA-E207');
      });

      it('is wrong in every place that is wrong, named as its user writes it', async () => {
        const wrong: Settings = { 'timeout-seconds': '99999', 'trust-policy-sha256': 'abc', 'jwks-url': 'http://x' };
        const result = await run({ request: APPROVED, ...wrong });
        expect(result.passed).toBe(false);
        expect(result.printed).toContain('CAVRA-E201');
        for (const name of Object.keys(wrong)) {
          expect(result.printed).toContain(`${frontEnd.label(name as SettingName)} must be`);
        }
      });

      it('pins a trust policy by its digest', async () => {
        const job = newJob();
        write(job, 'policy.yaml', 'schema_version: cavra.release-governance.trust-policy.v1\nrules: []\n');
        const settings = { request: APPROVED, 'trust-policy': 'policy.yaml', 'trust-policy-sha256': '0'.repeat(64) };
        expect((await run(settings, {}, job)).outputs['diagnosis-code']).toBe('CAVRA-E218');
      });

      it('never switches the verification of servers off', async () => {
        const environment = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
        const result = await run({ request: APPROVED }, { environment });
        expect(result).toMatchObject({ passed: false, outputs: { 'diagnosis-code': 'CAVRA-E213' } });
      });

      it('is not chosen by a pull request', async () => {
        const result = await run({ request: BLOCKED, ...BLOCK_MAY_PASS }, { pullRequest: true });
        expect(result).toMatchObject({ passed: false, outputs: { 'diagnosis-code': 'CAVRA-E212' } });
      });

      it('comes from the environment only where that is its place', async () => {
        const environment = { CAVRA_EXPECTED_DECISION: 'block', CAVRA_ALLOW_BLOCKING_DECISION: 'true' };
        const result = await run({ request: BLOCKED }, { environment });
        expect(result.passed).toBe(frontEnd.obeysEnvironment);
      });
    });
  });
}

/** Outputs, result and evidence say the same. */
function expectConsistent({ passed, outputs, published }: ContractResult): void {
  if (outputs['verdict'] !== undefined) expect(outputs['verdict']).toBe(passed ? 'pass' : 'fail');
  if (passed) expect(outputs).toMatchObject({ verdict: 'pass', 'evidence-valid': 'true', 'diagnosis-code': '' });
  for (const text of Object.values(outputs)) expect(text).not.toMatch(/[\r\n]/);
  const response = published.get('release-governance-response.json');
  if (response !== undefined && outputs['decision'] !== undefined) {
    expect(JSON.parse(response)).toMatchObject({ decision: outputs['decision'], rule_id: outputs['rule-id'] });
  }
}

/** Key ids are none. */
function secretsOf(keys: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(keys).flatMap(([name, value]) => (name.endsWith('_KEY_ID') ? [] : [value]));
}

/** Neither a key nor a token, in whole or in its signature, in anything that was printed or published. */
function expectNoSecret({ printed, outputs, published }: ContractResult, secrets: readonly string[]): void {
  const needles = secrets.map((secret) => secret.split('.').at(-1) ?? secret);
  for (const text of [printed, ...Object.values(outputs), ...published.values()]) {
    for (const needle of needles) expect(text.includes(needle) ? needle.slice(0, 4) : '').toBe('');
  }
}

/** Verifies what was published as an auditor would, elsewhere. */
async function verify({ published }: ContractResult, expectations?: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'cavra-auditor-'));
  try {
    for (const [name, text] of published) writeFileSync(join(folder, name), text);
    const verifier = createVerifier({
      environment: EVIDENCE_KEY,
      workingDirectory: folder,
      keyring: undefined,
      now: systemClock,
      version: '0.0.0',
    });
    return await verifier.verify({
      path: '.',
      integrityOnly: false,
      ...(expectations === undefined ? {} : { expectations }),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
