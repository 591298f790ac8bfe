import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { keyringJsonSchema } from '../../../../../scripts/published/keyring-schema.ts';
import { ConfigurationError } from '../../../src/domain/diagnosis.ts';
import { parseKeyring } from '../../../src/domain/keys/keyring.ts';
import { parseInstant } from '../../../src/domain/time/instant.ts';
import { refusalOf } from '../../support/refusal.ts';

const PUBLIC_KEY = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();
const RSA_KEY = generateKeyPairSync('rsa', { modulusLength: 2048 });

const RUNNER = {
  id: 'ci-runner-2026-q4',
  purpose: 'runner',
  algorithm: 'HMAC-SHA256',
  status: 'active',
  secret: { env: 'RUNNER_KEY' },
};
const EVIDENCE = { ...RUNNER, id: 'ci-evidence-2026-q4', purpose: 'evidence', secret: { file: 'evidence.key' } };
const ATTESTATION = {
  id: 'attest-1',
  purpose: 'attestation',
  algorithm: 'Ed25519',
  status: 'active',
  public_key: PUBLIC_KEY,
};

function text(...keys: readonly unknown[]): Uint8Array {
  return Buffer.from(JSON.stringify({ schema_version: 'cavra.release-governance.keyring.v1', keys }));
}

const validate = new Ajv2020({ strict: true, allowUnionTypes: true, formats: { 'date-time': true } }).compile(
  JSON.parse(keyringJsonSchema()),
);

describe('parseKeyring', () => {
  it('reads every member', () => {
    const full = {
      ...RUNNER,
      status: 'revoked',
      not_before: '2026-10-01T00:00:00Z',
      not_after: '2027-01-01T02:00:00.5+02:00',
      revoked_at: '2026-11-02T03:04:05.678901234Z',
      repositories: ['o/r', 'o/s'],
    };
    const bytes = text(full, EVIDENCE, ATTESTATION, { ...RUNNER, id: 'other' });
    expect(parseKeyring(bytes).keys).toEqual([
      {
        id: 'ci-runner-2026-q4',
        purpose: 'runner',
        algorithm: 'HMAC-SHA256',
        status: 'revoked',
        secret: { env: 'RUNNER_KEY' },
        notBefore: Date.parse('2026-10-01T00:00:00Z'),
        notAfter: Date.parse('2027-01-01T00:00:00.500Z'),
        revokedAt: Date.parse('2026-11-02T03:04:05.678Z'),
        repositories: ['o/r', 'o/s'],
      },
      EVIDENCE,
      { id: 'attest-1', purpose: 'attestation', algorithm: 'Ed25519', status: 'active', publicKey: PUBLIC_KEY },
      { ...RUNNER, id: 'other' },
    ]);
    expect(validate(JSON.parse(Buffer.from(bytes).toString()))).toBe(true);
  });

  it('accepts one id for two purposes, and no keys at all', () => {
    expect(parseKeyring(text(RUNNER, { ...EVIDENCE, id: RUNNER.id })).keys).toHaveLength(2);
    expect(parseKeyring(text()).keys).toEqual([]);
  });

  /** `both`: the published schema refuses it too. */
  it.each<[string, 'both' | 'parser', RegExp, readonly unknown[]]>([
    ['a key that is none', 'both', /\/keys\/0 must be an object/, [7]],
    ['an unknown member', 'both', /\/keys\/0\/comment is not a member/, [{ ...RUNNER, comment: 'x' }]],
    ['no id', 'both', /\/keys\/0\/id is missing/, [{ ...RUNNER, id: undefined }]],
    ['an empty id', 'both', /\/keys\/0\/id must be/, [{ ...RUNNER, id: '' }]],
    ['an id with a line end', 'both', /\/keys\/0\/id must be/, [{ ...RUNNER, id: 'a\nb' }]],
    ['an id too long', 'both', /\/keys\/0\/id must be/, [{ ...RUNNER, id: 'a'.repeat(129) }]],
    ['an id that is a number', 'both', /\/keys\/0\/id must be a string/, [{ ...RUNNER, id: 7 }]],
    ['an unknown purpose', 'both', /\/keys\/0\/purpose must be one of/, [{ ...RUNNER, purpose: 'release' }]],
    ['an unknown status', 'both', /\/keys\/0\/status must be one of/, [{ ...RUNNER, status: 'ACTIVE' }]],
    ['no status', 'both', /\/keys\/0\/status is missing/, [{ ...RUNNER, status: undefined }]],
    ['another algorithm', 'both', /\/keys\/0\/algorithm must be one of/, [{ ...RUNNER, algorithm: 'HMAC-SHA1' }]],
    ['a MAC for attestation', 'both', /\/keys\/0\/algorithm must be Ed25519/, [{ ...RUNNER, purpose: 'attestation' }]],
    ['a public key for records', 'both', /must be HMAC-SHA256/, [{ ...ATTESTATION, purpose: 'evidence' }]],
    ['no secret', 'both', /\/keys\/0\/secret is missing/, [{ ...RUNNER, secret: undefined }]],
    ['the secret itself', 'both', /\/keys\/0\/secret must be/, [{ ...RUNNER, secret: 'hunter2hunter2hunter2' }]],
    ['two places of a secret', 'both', /secret must be/, [{ ...RUNNER, secret: { env: 'A', file: 'b' } }]],
    ['no variable name', 'both', /names no environment variable/, [{ ...RUNNER, secret: { env: 'A=B' } }]],
    ['no file name', 'both', /names no file/, [{ ...RUNNER, secret: { file: '' } }]],
    ['a public key beside a MAC', 'both', /public_key does not belong/, [{ ...RUNNER, public_key: PUBLIC_KEY }]],
    ['no public key', 'both', /public_key is missing/, [{ ...ATTESTATION, public_key: undefined }]],
    [
      'repositories of an evidence key',
      'both',
      /belongs only to a runner key/,
      [{ ...EVIDENCE, repositories: ['o/r'] }],
    ],
    ['an empty list of repositories', 'both', /repositories must be/, [{ ...RUNNER, repositories: [] }]],
    ['a pattern', 'both', /repositories\/0 must be an exact name/, [{ ...RUNNER, repositories: ['o/*'] }]],
    ['revoked_at of an active key', 'both', /revoked_at belongs/, [{ ...RUNNER, revoked_at: '2026-01-01T00:00:00Z' }]],
    ['a time as a number', 'both', /not_before must be a time/, [{ ...RUNNER, not_before: 1_800_000_000 }]],
    ['no time', 'parser', /not_before must be a time/, [{ ...RUNNER, not_before: '2026-02-30T00:00:00Z' }]],
    [
      'a period that ends before it begins',
      'parser',
      /not_after must be later/,
      [{ ...RUNNER, not_before: '2026-01-02T00:00:00Z', not_after: '2026-01-02T00:00:00Z' }],
    ],
    ['no PEM', 'parser', /public_key must be an Ed25519/, [{ ...ATTESTATION, public_key: 'abc' }]],
    [
      'an RSA key',
      'parser',
      /public_key must be an Ed25519/,
      [{ ...ATTESTATION, public_key: RSA_KEY.publicKey.export({ type: 'spki', format: 'pem' }) }],
    ],
    [
      'a private key in its place',
      'parser',
      /public_key must be an Ed25519/,
      [
        {
          ...ATTESTATION,
          public_key: generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
        },
      ],
    ],
    [
      'one id twice',
      'parser',
      /\/keys\/1\/id is the id of another runner key/,
      [RUNNER, { ...RUNNER, status: 'retired' }],
    ],
    ['two active keys', 'parser', /\/keys\/1\/status must not be active/, [RUNNER, { ...RUNNER, id: 'second' }]],
  ])('refuses %s', (_, refusedBy, message, keys) => {
    const bytes = text(...keys);
    const error = refusalOf(() => parseKeyring(bytes, 'keyring.json'));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ code: 'CAVRA-E209', message: expect.stringMatching(message) });
    expect(String(error)).not.toContain('hunter2');
    expect(validate(JSON.parse(Buffer.from(bytes).toString()))).toBe(refusedBy === 'parser');
  });

  it.each<[string, string, RegExp]>([
    ['no JSON', '{', /ends too early/],
    ['a list', '[]', /it must be an object/],
    ['no version', '{"keys":[]}', /schema_version must be/],
    ['another version', '{"schema_version":"v2","keys":[]}', /schema_version must be/],
    ['no keys', '{"schema_version":"cavra.release-governance.keyring.v1"}', /\/keys must be a list/],
    ['a member twice', '{"schema_version":"a","schema_version":"a","keys":[]}', /two members of this name/],
    [
      'an unknown member',
      '{"schema_version":"cavra.release-governance.keyring.v1","keys":[],"x":1}',
      /\/x is not a member/,
    ],
    ['a deep one', '['.repeat(100_000), /nested deeper/],
  ])('refuses a document with %s', (_, document, message) => {
    const error = refusalOf(() => parseKeyring(Buffer.from(document)));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ code: 'CAVRA-E209', message: expect.stringMatching(message) });
  });

  it('names every problem, but not without end', () => {
    const error = refusalOf(() => parseKeyring(text(...Array.from({ length: 30 }, () => 1))));
    expect(String(error)).toMatch(/\/keys\/0 must.*\/keys\/19 must.*and 10 more/);
  });

  it('has the published schema; `node scripts/generate-schemas.mjs` writes it', () => {
    const published = new URL('../../../../../schemas/keyring.schema.json', import.meta.url);
    expect(readFileSync(published, 'utf8')).toBe(keyringJsonSchema());
  });
});

describe('parseInstant', () => {
  it.each([
    '1970-01-01T00:00:00Z',
    '2024-02-29T23:59:59.999Z',
    '2026-12-31T23:59:59+14:00',
    '2026-01-01T00:00:00-00:30',
    '0001-01-01T00:00:00.000Z',
  ])('reads %s', (time) => {
    expect(parseInstant(time)).toBe(Date.parse(time));
  });

  it.each([
    '',
    '2026-01-01',
    '2026-01-01 00:00:00Z',
    '2026-01-01T00:00:00',
    '2026-01-01t00:00:00z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:60Z',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01T00:00:00.1234567890Z',
    '2026-01-01T00:00:00Z\n',
    '+002026-01-01T00:00:00Z',
  ])('refuses %j', (time) => {
    expect(parseInstant(time)).toBeUndefined();
  });
});
