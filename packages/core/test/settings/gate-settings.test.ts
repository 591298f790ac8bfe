import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../src/domain/diagnosis.ts';
import {
  camelCase,
  GATE_SETTINGS,
  readGateSettings,
  type SettingName,
  snakeCase,
} from '../../src/settings/gate-settings.ts';

/** Reads settings given by name. */
function read(given: Partial<Record<SettingName, string>>) {
  return readGateSettings(({ name }) => {
    const text = given[name as SettingName];
    return text === undefined ? undefined : { text, label: `--${name}` };
  });
}

/** The message of the configuration error that reading gives. */
function problems(given: Partial<Record<SettingName, string>>): string {
  try {
    read(given);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ code: 'CAVRA-E201', exitStatus: 2 });
    return (error as ConfigurationError).message;
  }
  return '';
}

describe('settings', () => {
  it('have the defaults of interfaces.md', () => {
    expect(read({})).toMatchObject({
      requests: [],
      expectedDecision: 'allow',
      expectedRuleId: undefined,
      allowBlockingDecision: false,
      evidenceDir: '.cavra/go-daemon',
      auth: 'auto',
      rules: 'strict',
      keyRotation: 'warn',
      timeoutSeconds: 60,
    });
    expect(read({}).given.size).toBe(0);
  });

  it('name everything that is wrong at once', () => {
    const message = problems({
      auth: 'magic',
      'timeout-seconds': '0',
      'jwks-url': 'http://issuer.example/keys',
      'trust-policy-sha256': 'abc',
      'allow-blocking-decision': 'yes',
    });
    for (const name of ['auth', 'timeout-seconds', 'jwks-url', 'trust-policy-sha256', 'allow-blocking-decision']) {
      expect(message).toContain(`--${name} `);
    }
  });

  it.each<[Partial<Record<SettingName, string>>, RegExp]>([
    [{ 'jwks-url': 'https://user:secret@issuer.example/keys' }, /https URL/],
    [{ 'timeout-seconds': '1e3' }, /whole number/],
    [{ 'timeout-seconds': '3601' }, /from 1 to 3600/],
    [{ 'max-token-age': '-1' }, /whole number/],
    [{ 'trust-policy': 'a\0b' }, /zero byte/],
    [{ 'jwks-url': 'https://a.example', jwks: 'keys.json' }, /exclude each other/],
    [{ 'trust-policy-sha256': 'ab'.repeat(32) }, /needs trust-policy/],
    [{ request: 'a.json', 'request-json': '{}' }, /exclude each other/],
  ])('refuse %j', (given, message) => {
    expect(problems(given)).toMatch(message);
    expect(problems(given)).not.toContain('secret');
  });

  it('take an empty text for nothing, since unset inputs arrive as one', () => {
    expect(read({ auth: '', 'expected-decision': '' })).toMatchObject({ auth: 'auto', expectedDecision: 'allow' });
  });

  it('take true and false in any letter case, as YAML writes them', () => {
    expect(read({ 'allow-blocking-decision': 'True' }).allowBlockingDecision).toBe(true);
    expect(read({ 'allow-blocking-decision': 'FALSE' }).allowBlockingDecision).toBe(false);
  });

  it('tell what was given from what is the default anyway', () => {
    expect([...read({ auth: 'oidc', rules: 'strict' }).given]).toEqual(['auth']);
  });

  it('take several requests, one a line', () => {
    expect(read({ request: 'a.json\r\n  b/*.json\n\n' }).requests).toEqual(['a.json', 'b/*.json']);
  });

  it('are spelled for each platform', () => {
    expect(snakeCase('trust-policy-sha256')).toBe('trust_policy_sha256');
    expect(camelCase('trust-policy-sha256')).toBe('trustPolicySha256');
    const names = GATE_SETTINGS.map(({ name }) => name);
    expect(new Set(names.map(camelCase)).size).toBe(names.length);
  });
});
