import { ConfigurationError } from '@cavra/release-governance-core';
import { describe, expect, it } from '@jest/globals';
import { parseConfiguration } from '../src/configuration/configuration.ts';
import { gateSettings } from '../src/configuration/settings.ts';
import { block } from './block.ts';

describe('a configuration block', () => {
  it('gives the text of each input', () => {
    const configuration = parseConfiguration(block('gate', { expected_rule_id: 'a=b = c ', upload_artifact: 'false' }));
    expect(configuration.command).toBe('gate');
    expect(configuration.component).toBeUndefined();
    expect(configuration.text('expected_rule_id')).toBe('a=b = c ');
    expect(configuration.flag('upload_artifact')).toBe(false);
    expect(configuration.flag('summary')).toBe(true);
  });

  it('has the facts of a component, empty where GitLab has none', () => {
    const facts =
      'component_name=release-governance\ncomponent_reference=1.2\ncomponent_sha=abc\ncomponent_version=$[[ component.version ]]\n';
    const text = block('verify', {}).replace('form=template\n', `form=component\n${facts}`);
    expect(parseConfiguration(text).component).toEqual({
      name: 'release-governance',
      reference: '1.2',
      sha: 'abc',
      version: '',
    });
  });

  it.each<[string, (text: string) => string]>([
    ['empty', () => ''],
    ['a line twice', (text) => `${text}issuer=https://evil.example\n`],
    ['an unknown line', (text) => `${text}another=1\n`],
    ['a line without a name', (text) => `${text}=1\n`],
    ['a line that is none', (text) => `${text}issuer\n`],
    ['a missing line', (text) => text.replace(/^issuer=.*\n/m, '')],
    ['no command', (text) => text.replace('command=gate', 'command=other')],
    ['no form', (text) => text.replace('form=template', 'form=other')],
    ['a fact of a component in a template', (text) => `${text}component_name=x\n`],
  ])('is refused with %s', (_, change) => {
    const parse = () => parseConfiguration(change(block('gate', {})));
    expect(parse).toThrow(ConfigurationError);
    expect(parse).toThrow(expect.objectContaining({ code: 'CAVRA-E201' }));
  });
});

describe('the settings of the gate', () => {
  const settings = (inputs: Readonly<Record<string, string>>) =>
    gateSettings(parseConfiguration(block('gate', inputs)));

  it('are no choice of the pipeline’s where nothing was chosen', () => {
    expect([...settings({}).given]).toEqual([]);
    expect([...settings({ audience: 'other' }).given]).toEqual(['audience']);
  });

  it('take the keys of a self-managed instance from where it publishes them', () => {
    expect(settings({ issuer: 'https://gitlab.example.com' }).jwksUrl).toBe(
      'https://gitlab.example.com/oauth/discovery/keys',
    );
    expect(settings({ issuer: 'https://gitlab.example.com/sub/' }).jwksUrl).toBe(
      'https://gitlab.example.com/sub/oauth/discovery/keys',
    );
    expect(settings({ issuer: 'https://a.example', jwks_url: 'https://b.example/keys' }).jwksUrl).toBe(
      'https://b.example/keys',
    );
    expect(settings({ issuer: 'https://a.example', jwks: 'keys.json' })).toMatchObject({
      jwks: 'keys.json',
      jwksUrl: undefined,
    });
    expect(settings({}).jwksUrl).toBeUndefined();
  });

  it('divide requests at semicolons', () => {
    expect(settings({ request: 'a.json; b/*.json ;' }).requests).toEqual(['a.json', 'b/*.json']);
  });

  it('name every wrong input', () => {
    const read = () => settings({ timeout_seconds: '1.5', trust_policy_sha256: 'abc', jwks_url: 'http://a.example' });
    for (const name of ['timeout_seconds', 'trust_policy_sha256', 'jwks_url']) expect(read).toThrow(`input ${name}`);
  });

  it('have the rules of the decision under another name than the job’s rules', () => {
    expect(settings({ decision_rules: 'compatible' }).rules).toBe('compatible');
  });
});
