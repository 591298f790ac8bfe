import { createHash } from 'node:crypto';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SettingName } from '@cavra/release-governance-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { HMAC_ENVIRONMENT } from '../support/cli.ts';
import type { ContractJob, FrontEnd, JobFacts, Session } from './front-end.ts';
import { EVIDENCE_KEY } from './front-ends/workspace.ts';

type Settings = Readonly<Partial<Record<SettingName, string>>>;

const APPROVED = 'examples/approved-promotion.json';
const RUNNER_KEY = HMAC_ENVIRONMENT.CAVRA_RUNNER_AUTH_HMAC_KEY;
const KEYS = { ...EVIDENCE_KEY, CAVRA_RUNNER_AUTH_HMAC_KEY: RUNNER_KEY, CAVRA_RUNNER_AUTH_KEY_ID: 'ci-runner-2099-q4' };

/** Events of each platform that are not on the list of those in which trust may be chosen. */
const OTHER_EVENTS: Readonly<Record<FrontEnd['provider'], readonly string[]>> = {
  'github-actions': ['merge_group', 'issues', 'discussion_comment', 'fork', 'check_run', 'workflow_run', 'deployment'],
  'gitlab-ci': ['parent_pipeline', 'pipeline', 'trigger', 'chat', 'external'],
  'azure-pipelines': ['ResourceTrigger', 'BuildCompletion', 'PullRequest', 'ValidateShelveset'],
};

/** A keyring that fixes the runner's key and binds it to a repository. */
function keyring(key: string, repository: string): string {
  const entry = (purpose: string, id: string, env: string, more: object = {}) => {
    return { id, purpose, algorithm: 'HMAC-SHA256', status: 'active', secret: { env }, ...more };
  };
  const fingerprint = createHash('sha256').update(`cavra.key-fingerprint.v1\n${key}`).digest('hex');
  const pin = { secret_sha256: fingerprint, repositories: [repository] };
  return JSON.stringify({
    schema_version: 'cavra.release-governance.keyring.v1',
    keys: [
      entry('evidence', EVIDENCE_KEY.CAVRA_DAEMON_EVIDENCE_KEY_ID, 'CAVRA_DAEMON_EVIDENCE_HMAC_KEY'),
      entry('runner', KEYS.CAVRA_RUNNER_AUTH_KEY_ID, 'CAVRA_RUNNER_AUTH_HMAC_KEY', pin),
    ],
  });
}

/**
 * What no step before the gate, and no choice of an untrusted event, can make it believe; and the honest neighbours of each, which pass.
 * Every front end keeps it, through its committed program.
 */
export function holdTrust(frontEnd: FrontEnd): void {
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
  const run = (settings: Settings, facts?: JobFacts, job = newJob(facts)) =>
    job.run({ request: APPROVED, ...settings });
  const write = (job: ContractJob, name: string, text: string): string => {
    writeFileSync(join(job.workspace, name), text);
    return `${name}@sha256:${createHash('sha256').update(text).digest('hex')}`;
  };

  describe(`${frontEnd.name}: the network`, () => {
    it('is no root of trust: an authority that a step put into NODE_EXTRA_CA_CERTS is believed by nobody', async () => {
      const { passed, outputs, printed } = await run({}, { authority: 'environment' });
      if (frontEnd.obeysEnvironment) {
        // The command line is its user's own, and says what it has believed.
        expect(passed).toBe(true);
        expect(printed).toMatch(/NODE_EXTRA_CA_CERTS=.*as the environment says/);
        return;
      }
      expect(passed).toBe(false);
      expect(outputs['diagnosis-code']).toMatch(/^CAVRA-E31[34]$/);
      expect(printed).toContain('NODE_EXTRA_CA_CERTS is ignored');
      expect(printed).toMatch(/Fakes of a test run.*ca-certificates/s);
    });

    it('takes no authority from a file that a step could have written', async () => {
      const job = newJob({ authority: 'unknown' });
      copyFileSync(session.authority.file, join(job.workspace, 'ca.pem'));
      const { passed, outputs } = await run({ 'ca-certificates': 'ca.pem' }, {}, job);
      expect(passed).toBe(frontEnd.obeysEnvironment);
      if (!frontEnd.obeysEnvironment) expect(outputs['diagnosis-code']).toBe('CAVRA-E241');
    });

    it('takes a file of the job that is pinned, and no other bytes under the pin', async () => {
      const job = newJob({ authority: 'unknown' });
      const pinned = write(job, 'ca.pem', session.authority.certificate);
      const honest = await run({ 'ca-certificates': pinned }, {}, job);
      expect(honest.passed).toBe(true);
      writeFileSync(join(job.workspace, 'ca.pem'), `${session.authority.certificate}\n`);
      expect((await run({ 'ca-certificates': pinned }, {}, job)).outputs['diagnosis-code']).toBe('CAVRA-E218');
    });

    it('takes the PEM itself, where an input can hold it', async () => {
      const { passed } = await run({ 'ca-certificates': session.authority.certificate }, { authority: 'unknown' });
      expect(passed).toBe(frontEnd.provider !== 'gitlab-ci');
    });

    it('adds nothing unpinned in a pull request', async () => {
      const facts: JobFacts = { authority: 'unknown', pullRequest: true };
      const { outputs } = await run({ 'ca-certificates': session.authority.file }, facts);
      expect(outputs['diagnosis-code']).toBe('CAVRA-E212');
    });
  });

  describe(`${frontEnd.name}: an HMAC key`, () => {
    it('is never fallen into', async () => {
      const { passed, outputs, printed } = await run({}, { token: 'none', keys: KEYS });
      expect(passed).toBe(false);
      expect(outputs['diagnosis-code']).toMatch(/^CAVRA-E31[01]$/);
      expect(printed).toContain('only where auth is hmac');
    });

    it('that nothing pins passes where it is chosen, with a warning, and what it asserts is shown as asserted', async () => {
      const { passed, outputs, printed } = await run({ auth: 'hmac' }, { token: 'none', keys: KEYS });
      expect(passed).toBe(true);
      expect(outputs['auth-method']).toBe('hmac');
      expect(printed).toContain('no keyring pins the runner key');
      expect(printed).not.toMatch(/verified by/i);
    });

    it('that nothing pins passes in no pull request, whatever the policy', async () => {
      const { passed, outputs } = await run({ auth: 'hmac' }, { token: 'none', keys: KEYS, pullRequest: true });
      expect(passed).toBe(false);
      expect(outputs['diagnosis-code']).toBe(
        // Where an issuer has to be pinned, that is refused first.
        frontEnd.provider === 'github-actions' ? 'CAVRA-E321' : 'CAVRA-E212',
      );
    });

    it('that the keyring pins passes; one that a step put in its place does not', async () => {
      const job = newJob({ token: 'none', keys: KEYS });
      const ring = write(job, 'keyring.json', keyring(RUNNER_KEY, job.proven.repository));
      const honest = await run({ auth: 'hmac', keyring: ring }, {}, job);
      expect(honest.passed).toBe(true);
      expect(honest.printed).not.toContain('no keyring pins the runner key');

      const other = newJob({ token: 'none', keys: KEYS });
      const pinned = write(other, 'keyring.json', keyring(`${RUNNER_KEY}-of-the-vault`, other.proven.repository));
      const refused = await run({ auth: 'hmac', keyring: pinned }, {}, other);
      expect(refused.passed).toBe(false);
      expect(refused.outputs['diagnosis-code']).toBe('CAVRA-E240');
    });
  });

  describe(`${frontEnd.name}: an event that is not on the list`, () => {
    it.each(OTHER_EVENTS[frontEnd.provider])('%s chooses nothing of trust', async (event) => {
      const { passed, outputs, printed } = await run({ rules: 'compatible' }, { event });
      expect(passed).toBe(false);
      expect(outputs['diagnosis-code']).toBe('CAVRA-E212');
      expect(printed).toContain(event);
    });
  });
}
