import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VERIFY_SETTINGS, type VerifySettingName } from '@cavra/release-governance-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ContractJob, ContractResult, FrontEnd, JobFacts, Session, VerifyResult } from './front-end.ts';

type Settings = Parameters<ContractJob['verify']>[0];

const APPROVED = 'examples/approved-promotion.json';
const BLOCKED = 'examples/blocked-tampered-artifact.json';

/** For each expectation: evidence that does not meet it, and a text that the evidence of this run does not meet. */
const UNMET: Readonly<
  Record<string, { readonly run?: JobFacts['run']; readonly request?: string; readonly wrong: string }>
> = {
  'expect-repository': { run: { repository: 'example-org/other' }, wrong: 'example-org/other' },
  'expect-ref': { run: { ref: 'other' }, wrong: 'refs/heads/other' },
  'expect-sha': { run: { sha: 'f'.repeat(40) }, wrong: 'f'.repeat(40) },
  'expect-run-id': { run: { runId: '4242' }, wrong: '4242' },
  'expect-decision': { request: BLOCKED, wrong: 'block' },
  'expect-provider': { wrong: 'local' },
};

/** Expectations that nobody has unless they are asked for; what they find is held where each is checked. */
const OFF_BY_DEFAULT = VERIFY_SETTINGS.filter(({ expects, name }) => expects !== undefined && !(name in UNMET));
const ON_BY_DEFAULT = VERIFY_SETTINGS.filter(({ name }) => name in UNMET).map(({ name }) => name);

/**
 * The part of the contract about verification: whichever front end verifies, the same settings mean the same. In an adapter absent or
 * empty is the default, this run and `allow`; on the command line nothing is expected by itself and an empty value is a mistake; the word
 * `any` switches an expectation off everywhere.
 */
export function holdVerifyContract(frontEnd: FrontEnd): void {
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

  /** What a gate of these facts has published; each is run once. */
  const published = new Map<string, Promise<ContractResult>>();
  const evidenceOf = (facts: JobFacts, request: string): Promise<ContractResult> => {
    const key = JSON.stringify([facts, request]);
    const allowed = request === BLOCKED ? { 'expected-decision': 'block', 'allow-blocking-decision': 'true' } : {};
    const known = published.get(key) ?? newJob(facts).run({ request, ...allowed });
    published.set(key, known);
    return known;
  };

  /** A job that has the evidence of a gate of the facts given. */
  const jobWithEvidence = async (
    facts: JobFacts = {},
    request = APPROVED,
    own: JobFacts = {},
  ): Promise<ContractJob> => {
    const gate = await evidenceOf(facts, request);
    expect(gate.passed).toBe(true);
    const job = newJob(own);
    writeEvidence(job, gate);
    return job;
  };
  const verify = (job: ContractJob, settings: Settings = {}) => job.verify({ path: 'evidence', ...settings });

  describe(`${frontEnd.name}, verifying`, () => {
    it('accepts the evidence of this run, whatever is not said and whatever is not checked', async () => {
      const job = await jobWithEvidence();
      expectPass(await verify(job));
      const any = Object.fromEntries(VERIFY_SETTINGS.flatMap(({ name, word }) => (word ? [[name, word]] : [])));
      expectPass(await verify(job, any));
    });

    it.each(ON_BY_DEFAULT)('%s: a text that the evidence does not meet fails', async (name) => {
      const job = await jobWithEvidence();
      expectRefusal(await verify(job, { [name]: UNMET[name]?.wrong ?? '' }), 'CAVRA-E402');
    });

    describe.each(ON_BY_DEFAULT.filter((name) => name !== 'expect-provider'))('%s', (name) => {
      const { run, request } = UNMET[name] ?? {};
      const unmet = () => jobWithEvidence(run === undefined ? {} : { run }, request);

      it('absent means the default', async () => {
        const result = await verify(await unmet());
        if (frontEnd.expectsThisRun) expectRefusal(result, 'CAVRA-E402');
        else expectPass(result);
      });

      it('empty never switches it off', async () => {
        expectRefusal(
          await verify(await unmet(), { [name]: '' }),
          frontEnd.expectsThisRun ? 'CAVRA-E402' : 'CAVRA-E217',
        );
      });

      it('any switches it off', async () => {
        expectPass(await verify(await unmet(), { [name]: 'any' }));
      });
    });

    it.each(OFF_BY_DEFAULT.map(({ name }) => name))('%s is off when it is absent or any', async (name) => {
      const job = await jobWithEvidence();
      expectPass(await verify(job, { [name]: 'any' }));
      const empty = await verify(job, { [name]: '' });
      if (frontEnd.expectsThisRun) expectPass(empty);
      else expectRefusal(empty, 'CAVRA-E217');
    });

    it.each<[VerifySettingName, string]>([
      ['expect-decision', 'maybe'],
      ['expect-provider', 'jenkins'],
      ['max-age', 'soon'],
    ])('%s: a word that it does not know is a mistake, named as its user writes it', async (name, text) => {
      const result = await verify(newJob(), { [name]: text });
      expect(result).toMatchObject({ passed: false, code: frontEnd.expectsThisRun ? 'CAVRA-E201' : 'CAVRA-E217' });
      expect(result.printed).toContain(`${frontEnd.verifyLabel(name)} must be`);
    });

    it('expects nothing less because of a variable that an earlier step has set', async () => {
      const environment = { CAVRA_EXPECT_DECISION: 'any', 'INPUT_EXPECT-DECISION': 'any', CAVRA_RUNNER_RUN_ID: '4242' };
      const result = await verify(await jobWithEvidence({ run: { runId: '4242' } }, APPROVED, { environment }));
      expect(result.passed).toBe(!frontEnd.expectsThisRun);
    });

    describe('its own run', () => {
      const isAdapter = frontEnd.expectsThisRun;
      const writtenOut = ({ proven }: ContractJob): Settings => ({
        'expect-repository': proven.repository,
        'expect-sha': proven.sha,
        'expect-run-id': proven.run_id,
        'expect-ref': proven.ref,
      });

      it('is proven by a token where the platform gives one', async () => {
        const result = await verify(await jobWithEvidence());
        expectPass(result);
        expect(result.printed.includes('proven by a token of this job')).toBe(isAdapter);
      });

      it.each([
        ['of somebody else’s key', 'forged', 'CAVRA-E316'],
        ['of another repository', 'foreign', 'CAVRA-E319'],
      ] as const)('is not proven by a token %s', async (_, token, code) => {
        const result = await verify(await jobWithEvidence({}, APPROVED, { token }));
        if (isAdapter) expectRefusal(result, code);
        else expectPass(result);
      });

      it('without a token is said to be unproven, or not believed at all', async () => {
        const job = await jobWithEvidence({}, APPROVED, { token: 'none' });
        const result = await verify(job);
        if (frontEnd.needsToken) {
          expectRefusal(result, 'CAVRA-E235');
          for (const name of Object.keys(writtenOut(job))) {
            expect(result.printed).toContain(frontEnd.verifyLabel(name as VerifySettingName));
          }
        } else {
          expectPass(result);
          expect(result.printed.includes('not proven by a token')).toBe(isAdapter);
        }
        expectPass(await verify(job, writtenOut(job)));
      });
    });

    it('needs a key, or the word that integrity is enough', async () => {
      const job = await jobWithEvidence({}, APPROVED, { keys: {} });
      expectRefusal(await verify(job), 'CAVRA-E215');
      expectPass(await verify(job, { 'integrity-only': 'true' }));
    });
  });
}

function writeEvidence(job: ContractJob, { published }: ContractResult): void {
  const folder = join(job.workspace, 'evidence');
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of published) writeFileSync(join(folder, name), text);
}

function expectPass({ passed, code, printed }: VerifyResult): void {
  expect({ passed, code, printed: passed ? '' : printed }).toEqual({ passed: true, code: '', printed: '' });
}

function expectRefusal(result: VerifyResult, code: string): void {
  expect(result).toMatchObject({ passed: false, code });
}
