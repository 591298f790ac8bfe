import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { daemonJsonSchema } from '../../../../../scripts/published/daemon-schema.ts';
import { parseDaemonConfiguration } from '../../../src/domain/daemon/configuration.ts';
import { ConfigurationError } from '../../../src/domain/diagnosis.ts';
import { refusalOf } from '../../support/refusal.ts';

const MINIMAL = {
  schema_version: 'cavra.release-governance.daemon-configuration.v1',
  name: 'gate.example',
  socket: { path: '/run/cavra/daemon.sock' },
  state_folder: '/var/lib/cavra/state',
  evidence_folder: '/var/lib/cavra/evidence',
  keyring: 'keyring.json',
  signing_key: { id: 'daemon-2026-q4', private_key: { file: 'daemon.pem' } },
  trust_policy: { file: 'policy.yaml' },
  issuers: [{ provider: 'github-actions' }],
};

const parse = (document: unknown) => parseDaemonConfiguration(Buffer.from(JSON.stringify(document)), 'daemon.json');

function problemOf(document: unknown): string {
  const error = refusalOf(() => parse(document));
  expect(error).toBeInstanceOf(ConfigurationError);
  expect(error).toMatchObject({ code: 'CAVRA-E230' });
  return (error as Error).message;
}

const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(JSON.parse(daemonJsonSchema()));

describe('parseDaemonConfiguration', () => {
  it('fills in what is left out', () => {
    expect(parse(MINIMAL)).toMatchObject({
      name: 'gate.example',
      hmac: { requestBound: false },
      rules: 'strict',
      limits: { connections: 128, streamRecords: 10_000, rememberedProofs: 262_144 },
      issuers: [
        {
          provider: 'github-actions',
          issuer: 'https://token.actions.githubusercontent.com',
          audience: 'cavra-release-governance',
          jwks: { url: 'https://token.actions.githubusercontent.com/.well-known/jwks' },
        },
      ],
    });
  });

  it('reads every member', () => {
    const full = {
      ...MINIMAL,
      socket: { path: 'd.sock', group: 'ci' },
      signing_key: { id: 'd', private_key: { env: 'DAEMON_KEY' } },
      trust_policy: { file: 'p', sha256: 'a'.repeat(64) },
      issuers: [
        {
          provider: 'gitlab-ci',
          issuer: 'https://git.example',
          audience: 'gate',
          jwks_url: 'https://git.example/oauth/discovery/keys',
          max_token_age_seconds: 60,
        },
      ],
      hmac: { request_bound: true, identity_only_key_id: 'go' },
      rules: 'compatible',
      limits: { connections: 10, stream_records: 5, remembered_proofs: 1_000, evidence_days: 400 },
    };
    expect(validate(full)).toBe(true);
    expect(parse(full)).toMatchObject({
      socket: { path: 'd.sock', group: 'ci' },
      signingKey: { id: 'd', privateKey: { env: 'DAEMON_KEY' } },
      trustPolicy: { file: 'p', sha256: 'a'.repeat(64) },
      issuers: [{ issuer: 'https://git.example', audience: 'gate', maxTokenAgeSeconds: 60 }],
      hmac: { requestBound: true, identityOnlyKeyId: 'go' },
      rules: 'compatible',
      limits: { connections: 10, streamRecords: 5, rememberedProofs: 1_000, evidenceDays: 400 },
    });
  });

  it('names everything that is wrong, and never a value', () => {
    const secret = 'a secret that stands in the wrong place';
    const message = problemOf({
      ...MINIMAL,
      name: '',
      socket: { path: '', group: 'no group' },
      signing_key: { id: 'x', private_key: secret },
      rules: 'lenient',
      limits: { connections: 0 },
      surprise: secret,
    });
    for (const part of [
      '/name',
      '/socket/path',
      '/socket/group',
      '/signing_key/private_key',
      '/rules',
      '/limits/connections',
      '/surprise',
    ]) {
      expect(message).toContain(part);
    }
    expect(message).not.toContain(secret);
  });

  it.each([
    ['no way to authenticate', { issuers: [] }, /no way to authenticate/],
    [
      'a self-managed issuer without keys',
      { issuers: [{ provider: 'gitlab-ci', issuer: 'https://git.example' }] },
      /issuers\/0.*keys/,
    ],
    ['an Azure organisation that is not pinned', { issuers: [{ provider: 'azure-pipelines' }] }, /issuers\/0/],
    ['an issuer twice', { issuers: [{ provider: 'github-actions' }, { provider: 'github-actions' }] }, /pinned twice/],
    ['an issuer of no platform', { issuers: [{ provider: 'local' }] }, /issuers\/0\/provider/],
    [
      'an issuer that is not https',
      { issuers: [{ provider: 'github-actions', issuer: 'http://x.example', jwks_url: 'http://x.example' }] },
      /https/,
    ],
    ['another version', { schema_version: 'v2' }, /schema_version/],
    ['a digest in capitals', { trust_policy: { file: 'p', sha256: 'A'.repeat(64) } }, /sha256/],
    ['a number as text', { limits: { connections: '5' } }, /limits\/connections/],
    ['less time than tokens live', { limits: { evidence_days: 1 } }, /limits\/evidence_days must be .* from 2 to/],
    ['a fraction', { limits: { connections: 5.5 } }, /limits\/connections/],
    ['a key id with a blank', { signing_key: { id: 'a b', private_key: { env: 'K' } } }, /signing_key\/id/],
    ['two places of the key', { signing_key: { id: 'a', private_key: { env: 'K', file: 'f' } } }, /private_key/],
  ])('refuses %s', (_, change, problem) => {
    expect(problemOf({ ...MINIMAL, ...change })).toMatch(problem);
  });

  it.each(Object.keys(MINIMAL).filter((name) => name !== 'issuers'))('needs %s, as the schema says', (name) => {
    const { [name as keyof typeof MINIMAL]: _, ...rest } = MINIMAL;
    expect(problemOf(rest)).toContain(name);
    expect(validate(rest)).toBe(false);
  });

  it('refuses text that is no strict JSON', () => {
    const twice = Buffer.from('{"name":"a","name":"b"}');
    expect(refusalOf(() => parseDaemonConfiguration(twice, 'x'))).toMatchObject({ code: 'CAVRA-E230' });
    expect(refusalOf(() => parseDaemonConfiguration(Buffer.from('{'), 'x'))).toMatchObject({ code: 'CAVRA-E230' });
  });
});

describe('the schema', () => {
  it('accepts the minimum', () => {
    expect(validate(MINIMAL)).toBe(true);
  });

  it('is what is published; `node scripts/generate-schemas.mjs` writes it', () => {
    const published = new URL('../../../../../schemas/daemon.schema.json', import.meta.url);
    expect(readFileSync(published, 'utf8')).toBe(daemonJsonSchema());
  });
});
