import { describe, expect, it } from '@jest/globals';
import { gateEnvironment } from '../src/configuration/environment.ts';
import { runDeadline } from '../src/deadline.ts';
import { hints } from '../src/hints.ts';

describe('the environment of the gate', () => {
  it('has what GitLab, the network and the keys need', () => {
    const passed = {
      CI: 'true',
      GITLAB_CI: 'true',
      CI_PROJECT_PATH: 'a/b',
      GITLAB_USER_LOGIN: 'me',
      HTTPS_PROXY: 'http://proxy.example',
      no_proxy: '.example',
      NODE_EXTRA_CA_CERTS: '/ca.pem',
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      CAVRA_GITLAB_OIDC_TOKEN: 'token',
      CAVRA_RUNNER_AUTH_HMAC_KEY: 'a',
      CAVRA_RUNNER_AUTH_KEY_ID: 'b',
      CAVRA_DAEMON_EVIDENCE_HMAC_KEY: 'c',
      CAVRA_DAEMON_EVIDENCE_KEY_ID: 'd',
      CAVRA_ATTESTATION_KEY: 'e',
      CAVRA_ATTESTATION_KEY_ID: 'f',
      CAVRA_EVIDENCE_HMAC_KEY_2026_Q3: 'g',
    };
    expect(gateEnvironment(passed)).toEqual({ environment: passed, ignored: [] });
  });

  it('has nothing that says who is trusted, what is expected or who this is', () => {
    const refused = {
      CAVRA_RUNNER_REPOSITORY: 'evil/x',
      CAVRA_RUNNER_OIDC_ISSUER: 'https://evil.example',
      CAVRA_RUNNER_AUTH_OIDC_TOKEN: 'token',
      CAVRA_RUNNER_AUTH_OIDC_TOKEN_FILE: 'file',
      CAVRA_RUNNER_OIDC_AUTO: 'false',
      CAVRA_EXPECTED_DECISION: 'block',
    };
    const silent = {
      GITHUB_ACTIONS: 'true',
      TF_BUILD: 'True',
      GITLAB_OIDC_TOKEN: 'token',
      CI_JOB_JWT: 'token',
      CI_JOB_JWT_V2: 'token',
      cavra_runner_repository: 'evil/x',
      CAVRA_VERDICT: 'pass',
      CAVRA_ARTIFACT_NAME: 'of an earlier gate',
      NODE_OPTIONS: '--require ./evil.cjs',
    };
    const { environment, ignored } = gateEnvironment({ ...refused, ...silent });
    expect(environment).toEqual({ CI: 'true', GITLAB_CI: 'true' });
    expect(ignored).toEqual(Object.keys(refused).sort());
  });

  it('is of GitLab whatever a variable says', () => {
    expect(gateEnvironment({ GITLAB_CI: '', CI: 'false' }).environment).toEqual({ CI: 'true', GITLAB_CI: 'true' });
  });
});

describe('the deadline', () => {
  const now = Date.parse('2026-11-22T12:10:00Z');
  const started = '2026-11-22T12:00:00Z';

  it.each([
    ['what is configured', 60, { CI_JOB_TIMEOUT: '3600', CI_JOB_STARTED_AT: started }, 60, false],
    [
      'what the job has left, without the upload',
      3_600,
      { CI_JOB_TIMEOUT: '3600', CI_JOB_STARTED_AT: started },
      2_970,
      true,
    ],
    ['a second, when nothing is left', 60, { CI_JOB_TIMEOUT: '600', CI_JOB_STARTED_AT: started }, 1, true],
    ['the whole timeout, when the start is unknown', 3_600, { CI_JOB_TIMEOUT: '600' }, 570, true],
    [
      'no more for a start in the future',
      3_600,
      { CI_JOB_TIMEOUT: '600', CI_JOB_STARTED_AT: '2027-01-01T00:00:00Z' },
      570,
      true,
    ],
    ['what is configured, when GitLab does not say', 60, {}, 60, false],
    ['what is configured, when the timeout is no number', 60, { CI_JOB_TIMEOUT: '-5' }, 60, false],
  ])('is %s', (_, configured, environment, seconds, shortened) => {
    expect(runDeadline(configured, environment, now)).toEqual({ seconds, shortened });
  });
});

describe('hints', () => {
  const fork = { CI_MERGE_REQUEST_SOURCE_PROJECT_ID: '2', CI_MERGE_REQUEST_PROJECT_ID: '1' };
  const unprotected = { CI_COMMIT_REF_PROTECTED: 'false' };

  it.each([
    ['no id token', 'CAVRA-E311', {}, /no key to sign it with .* replaces its id_tokens/],
    ['another audience', 'CAVRA-E317', {}, /audience of the token is that of id_tokens/],
    ['a self-managed instance', 'CAVRA-E211', {}, /set the input issuer to the address of the instance/],
    ['a private authority', 'CAVRA-E314', {}, /NODE_EXTRA_CA_CERTS/],
    ['protected variables', 'CAVRA-E206', unprotected, /protected variables to protected branches and tags only/],
    ['a fork without keys', 'CAVRA-E206', fork, /comes from a fork, whose pipeline gets no protected variables/],
    ['a fork’s token', 'CAVRA-E320', fork, /its token is the fork’s/],
  ] as const)('tell of %s', (_, code, environment, pattern) => {
    expect(hints(code, environment).join('\n')).toMatch(pattern);
  });

  it('say nothing where nothing is known', () => {
    expect(hints('CAVRA-E101', { ...fork, ...unprotected })).toEqual([]);
    expect(hints('CAVRA-E206', { CI_COMMIT_REF_PROTECTED: 'true' })).toEqual([]);
    expect(hints('CAVRA-E206', { CI_MERGE_REQUEST_SOURCE_PROJECT_ID: '1', CI_MERGE_REQUEST_PROJECT_ID: '1' })).toEqual(
      [],
    );
  });
});
