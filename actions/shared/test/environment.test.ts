import { describe, expect, it } from '@jest/globals';
import { gateEnvironment, secretValues } from '../src/environment.ts';
import { InputReader } from '../src/inputs.ts';

describe('gateEnvironment', () => {
  it.each([
    'CI',
    'GITHUB_ACTIONS',
    'GITHUB_REPOSITORY',
    'GITHUB_EVENT_PATH',
    'RUNNER_NAME',
    'RUNNER_TEMP',
    'ACTIONS_ID_TOKEN_REQUEST_URL',
    'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
    'HTTPS_PROXY',
    'https_proxy',
    'NO_PROXY',
    'NODE_EXTRA_CA_CERTS',
    'NODE_TLS_REJECT_UNAUTHORIZED',
    'CAVRA_RUNNER_AUTH_HMAC_KEY',
    'CAVRA_RUNNER_AUTH_KEY_ID',
    'CAVRA_DAEMON_EVIDENCE_HMAC_KEY',
    'CAVRA_DAEMON_EVIDENCE_KEY_ID',
    'CAVRA_ATTESTATION_KEY',
    'CAVRA_ATTESTATION_KEY_ID',
    'CAVRA_EVIDENCE_HMAC_KEY_2026_Q4',
  ])('lets %s in', (name) => {
    expect(gateEnvironment({ [name]: 'x', OTHER: 'y' })).toEqual({ [name]: 'x' });
  });

  it.each([
    ...['PROVIDER', 'REPOSITORY', 'WORKFLOW', 'RUN_ID', 'RUN_ATTEMPT', 'REF', 'SHA', 'ACTOR', 'JOB', 'NAME'].map(
      (field) => `CAVRA_RUNNER_${field}`,
    ),
    'CAVRA_RUNNER_AUTH',
    'CAVRA_RUNNER_AUTH_OIDC_TOKEN',
    'CAVRA_RUNNER_AUTH_OIDC_TOKEN_FILE',
    'CAVRA_RUNNER_AUTH_OIDC_TOKEN_ENV',
    'CAVRA_RUNNER_OIDC_AUTO',
    'CAVRA_RUNNER_OIDC_ISSUER',
    'CAVRA_RUNNER_OIDC_AUDIENCE',
    'CAVRA_RUNNER_OIDC_JWKS',
    'CAVRA_RUNNER_OIDC_JWKS_URL',
    'CAVRA_EXPECTED_DECISION',
    'CAVRA_TRUST_POLICY',
    'CAVRA_KEYRING',
    'CAVRA_RULES',
    'CAVRA_RUNTIME_PATH',
    'CAVRA_RUNTIME_EVIDENCE_LOG',
    'CAVRA_DAEMON_SOCKET',
    'CAVRA_GITLAB_OIDC_TOKEN',
    'CAVRA_AZURE_OIDC_TOKEN',
    'GITLAB_CI',
    'GITLAB_OIDC_TOKEN',
    'CI_JOB_JWT_V2',
    'CI_PROJECT_PATH',
    'TF_BUILD',
    'SYSTEM_ACCESSTOKEN',
    'BUILD_REPOSITORY_NAME',
    'INPUT_ISSUER',
    'NODE_OPTIONS',
    'HOME',
  ])('keeps %s out', (name) => {
    expect(gateEnvironment({ [name]: 'x' })).toEqual({});
  });
});

it('every key and token is masked, ids are not', () => {
  const environment = {
    CAVRA_RUNNER_AUTH_HMAC_KEY: 'runner',
    CAVRA_RUNNER_AUTH_KEY_ID: 'runner-id',
    CAVRA_EVIDENCE_HMAC_KEY_1: 'evidence',
    CAVRA_ATTESTATION_KEY: 'attestation',
    CAVRA_ATTESTATION_KEY_ID: 'attestation-id',
    CAVRA_RUNNER_AUTH_OIDC_TOKEN: 'ignored, but secret',
    ACTIONS_RUNTIME_TOKEN: 'runtime',
    CAVRA_DAEMON_EVIDENCE_HMAC_KEY: '',
    GITHUB_REPOSITORY: 'o/r',
  };
  expect(secretValues(environment).toSorted()).toEqual(
    ['attestation', 'evidence', 'ignored, but secret', 'runner', 'runtime'].toSorted(),
  );
});

describe('InputReader', () => {
  const reader = () =>
    new InputReader({
      INPUT_YES: ' TRUE ',
      INPUT_NO: 'false',
      INPUT_ODD: 'yes',
      INPUT_EMPTY: '  ',
      'INPUT_TWO-PARTS': 'x',
      INPUT_BLANK_IN_NAME: 'y',
      INPUT_DAYS: '30',
      INPUT_ZERO: '0',
      INPUT_FRACTION: '1.5',
      INPUT_COLOUR: 'red',
      INPUT_FILES: 'a.pem\r\n\n  b c.pem  \n',
    });

  it('reads names as the runner writes them', () => {
    const inputs = reader();
    expect(inputs.text('two-parts')).toBe('x');
    expect(inputs.text('blank in name')).toBe('y');
    expect(inputs.text('empty')).toBeUndefined();
    expect(inputs.text('absent')).toBeUndefined();
    expect(inputs.lines('files')).toEqual(['a.pem', 'b c.pem']);
    expect(inputs.lines('absent')).toEqual([]);
  });

  it('reads flags, numbers and choices, and keeps what is wrong', () => {
    const inputs = reader();
    expect([inputs.flag('yes', false), inputs.flag('no', true), inputs.flag('absent', true)]).toEqual([
      true,
      false,
      true,
    ]);
    expect(inputs.integer('days', [1, 90])).toBe(30);
    expect(inputs.integer('absent', [1, 90])).toBeUndefined();
    expect(inputs.choice('colour', ['red', 'blue'])).toBe('red');
    expect(inputs.problems).toEqual([]);

    inputs.flag('odd', true);
    inputs.integer('zero', [1, 90]);
    inputs.integer('fraction', [1, 90]);
    inputs.integer('yes', [1, 90]);
    inputs.choice('colour', ['blue']);
    inputs.matching('colour', /^b/, 'a word with b');
    expect(inputs.problems).toEqual([
      'input odd must be true or false',
      'input zero must be a whole number from 1 to 90',
      'input fraction must be a whole number from 1 to 90',
      'input yes must be a whole number from 1 to 90',
      'input colour must be one of blue',
      'input colour must be a word with b',
    ]);
  });
});
