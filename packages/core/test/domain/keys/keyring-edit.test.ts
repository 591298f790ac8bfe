import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../../src/domain/diagnosis.ts';
import { keyAdvice } from '../../../src/domain/keys/advice.ts';
import { ed25519PublicKeys } from '../../../src/domain/keys/ed25519.ts';
import { ed25519PrivateKey } from '../../../src/domain/keys/ed25519-private.ts';
import { defaultKeyId, generateKey } from '../../../src/domain/keys/generate.ts';
import { parseKeyring } from '../../../src/domain/keys/keyring.ts';
import {
  addActiveKey,
  EMPTY_KEYRING,
  type KeyJson,
  keyringText,
  parseKeyringJson,
  retireKey,
  revokeKey,
} from '../../../src/domain/keys/keyring-edit.ts';
import { refusalOf } from '../../support/refusal.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const day = 86_400_000;

function key(id: string, changes: Partial<KeyJson> = {}): KeyJson {
  return {
    id,
    purpose: 'evidence',
    algorithm: 'HMAC-SHA256',
    status: 'active',
    secret: { env: 'VAULT' },
    not_before: '2026-10-01T02:00:00+02:00',
    ...changes,
  };
}

const RING = { keys: [key('old'), key('runner', { purpose: 'runner', repositories: ['a/b'] })] };
const parsed = (ring: { readonly keys: readonly KeyJson[] }) => parseKeyring(Buffer.from(keyringText(ring))).keys;
const named = (id: string) => ({ id, purpose: undefined });

describe('a new key', () => {
  it('signs, and the one before retires', () => {
    const ring = addActiveKey(RING, key('new'));
    expect(ring.keys.map(({ id, status }) => [id, status])).toEqual([
      ['old', 'retiring'],
      ['runner', 'active'],
      ['new', 'active'],
    ]);
    expect(parsed(ring)).toHaveLength(3);
  });

  it('cannot take the id of another of its purpose', () => {
    const refusal = refusalOf(() => addActiveKey(RING, key('old')));
    expect(refusal).toBeInstanceOf(ConfigurationError);
    expect(refusal).toMatchObject({ code: 'CAVRA-E209' });
    expect(addActiveKey(RING, key('runner')).keys).toHaveLength(3);
  });
});

describe('retiring', () => {
  it('ends the period and keeps every other member as it is spelled', () => {
    const ring = retireKey(RING, named('old'), NOW);
    expect(ring.keys[0]).toEqual({ ...key('old'), status: 'retired', not_after: '2026-11-22T12:00:00Z' });
    expect(ring.keys[1]).toBe(RING.keys[1]);
  });

  it('never prolongs a period', () => {
    const ring = { keys: [key('old', { not_after: '2026-11-01T00:00:00Z' })] };
    expect(retireKey(ring, named('old'), NOW).keys[0]?.not_after).toBe('2026-11-01T00:00:00Z');
    expect(retireKey(ring, named('old'), 1).keys[0]?.not_after).toBe('1970-01-01T00:00:00.001Z');
  });

  it.each([
    ['is not there', named('other')],
    ['is of another purpose', { id: 'old', purpose: 'runner' as const }],
  ])('is refused for a key that %s', (_, name) => {
    expect(refusalOf(() => retireKey(RING, name, NOW))).toMatchObject({ code: 'CAVRA-E209' });
  });

  it('asks for the purpose where two keys have the id', () => {
    const ring = { keys: [key('a'), key('a', { purpose: 'runner' })] };
    expect(refusalOf(() => retireKey(ring, named('a'), NOW))).toMatchObject({
      message: expect.stringMatching(/purpose/),
    });
    expect(retireKey(ring, { id: 'a', purpose: 'runner' }, NOW).keys.map(({ status }) => status)).toEqual([
      'active',
      'retired',
    ]);
  });
});

describe('revoking', () => {
  it('is from a moment on, or altogether', () => {
    expect(revokeKey(RING, named('old'), NOW).keys[0]).toEqual({
      ...key('old'),
      status: 'revoked',
      revoked_at: '2026-11-22T12:00:00Z',
    });
    expect(revokeKey(RING, named('old'), undefined).keys[0]).toEqual({ ...key('old'), status: 'revoked' });
  });

  it('may become earlier, never later, and cannot be taken back', () => {
    const revoked = revokeKey(RING, named('old'), NOW);
    expect(revokeKey(revoked, named('old'), NOW - 1).keys[0]?.revoked_at).toBe('2026-11-22T11:59:59.999Z');
    expect(revokeKey(revoked, named('old'), undefined).keys[0]?.revoked_at).toBeUndefined();
    expect(refusalOf(() => revokeKey(revoked, named('old'), NOW + 1))).toMatchObject({ code: 'CAVRA-E209' });
    expect(refusalOf(() => retireKey(revoked, named('old'), NOW))).toMatchObject({ code: 'CAVRA-E209' });
    const altogether = revokeKey(RING, named('old'), undefined);
    expect(refusalOf(() => revokeKey(altogether, named('old'), NOW))).toMatchObject({ code: 'CAVRA-E209' });
  });
});

describe('the text of a keyring', () => {
  it('has its members in the order of the schema, and reads back as it was', () => {
    const text = keyringText({ keys: [{ ...key('a'), id: 'a' }] });
    expect(text.endsWith('}\n')).toBe(true);
    const members = [...text.matchAll(/^ {6}"([a-z_]+)"/gm)].map(([, name]) => name);
    expect(members).toEqual(['id', 'purpose', 'algorithm', 'status', 'secret', 'not_before']);
    expect(parseKeyringJson(Buffer.from(text), 'ring').keys).toEqual([key('a')]);
  });

  it('of an empty one is a keyring', () => {
    expect(parsed(EMPTY_KEYRING)).toEqual([]);
  });

  it('is not edited when it is none', () => {
    const twice = keyringText({ keys: [key('a'), key('a')] });
    expect(refusalOf(() => parseKeyringJson(Buffer.from(twice), 'ring'))).toMatchObject({ code: 'CAVRA-E209' });
  });

  it('does not hold one public key under two ids', () => {
    const { publicKey = '' } = generateKey('attestation', Buffer.alloc(32, 1));
    const attestation = (id: string): KeyJson => ({
      id,
      purpose: 'attestation',
      algorithm: 'Ed25519',
      status: 'retired',
      public_key: publicKey,
    });
    expect(refusalOf(() => parsed({ keys: [attestation('a'), attestation('b')] }))).toMatchObject({
      code: 'CAVRA-E209',
      message: expect.stringMatching(/\/keys\/1\/public_key/),
    });
  });
});

describe('a generated key', () => {
  it.each(['evidence', 'runner'] as const)('for %s is 256 bits in hex', (purpose) => {
    const seed = Buffer.from(Array.from({ length: 32 }, (_, index) => index * 7));
    const made = generateKey(purpose, seed);
    expect(made).toEqual({ algorithm: 'HMAC-SHA256', secret: seed.toString('hex'), oneLine: seed.toString('hex') });
  });

  it.each(['attestation', 'daemon'] as const)('for %s is an Ed25519 pair', (purpose) => {
    const made = generateKey(purpose, Buffer.alloc(32, 7));
    const fromPem = ed25519PrivateKey(made.secret, 'k');
    expect(ed25519PrivateKey(made.oneLine, 'k').privateKey.equals(fromPem.privateKey)).toBe(true);
    expect(ed25519PublicKeys(made.publicKey ?? '', 'k')[0]?.equals(fromPem.publicKey)).toBe(true);
    expect(made.algorithm).toBe('Ed25519');
    expect(made.oneLine).not.toContain('\n');
  });

  it.each([
    [Date.UTC(2026, 0, 1), 'ci-evidence-2026-q1'],
    [Date.UTC(2026, 2, 31, 23, 59), 'ci-evidence-2026-q1'],
    [Date.UTC(2026, 3, 1), 'ci-evidence-2026-q2'],
    [Date.UTC(2026, 11, 31), 'ci-evidence-2026-q4'],
  ])('at %d is called %s', (now, id) => {
    expect(defaultKeyId('evidence', now)).toBe(id);
  });
});

describe('what to do with a key', () => {
  const advice = (changes: Partial<KeyJson>, now = NOW) => {
    const [only] = parsed({ keys: [key('ci-evidence-2026-q4', changes)] });
    if (only === undefined) throw new Error('no key');
    return keyAdvice(only, now);
  };

  it('tells age and quarter', () => {
    expect(advice({})).toMatchObject({ ageDays: 52, quarter: '2026-q4', urgency: 'none' });
    expect(advice({ id: 'plain' })).toMatchObject({ quarter: undefined, next: expect.stringMatching(/every quarter/) });
  });

  it.each<[string, Partial<KeyJson>, number, string, RegExp]>([
    ['a young key', {}, NOW, 'none', /nothing until 2026-12-11/],
    ['a key whose quarter ends', {}, NOW + 30 * day, 'soon', /before 2027-01-01/],
    ['a key past its quarter', {}, NOW + 60 * day, 'now', /ended at 2027-01-01T00:00:00Z: rotate it now/],
    ['a key whose period ends', { not_after: '2026-12-01T00:00:00Z' }, NOW, 'soon', /before 2026-12-01/],
    ['a key past its period', { not_after: '2026-11-01T00:00:00Z' }, NOW, 'now', /the gate fails/],
    ['a key of tomorrow', { not_before: '2026-11-23T00:00:00Z' }, NOW, 'now', /only from 2026-11-23/],
    ['a retiring key', { status: 'retiring' }, NOW, 'soon', /keys retire/],
    ['a retired key', { status: 'retired' }, NOW, 'none', /keep it/],
    ['a revoked key', { status: 'revoked', revoked_at: '2026-11-01T00:00:00Z' }, NOW, 'none', /before 2026-11-01/],
    ['a key revoked altogether', { status: 'revoked' }, NOW, 'none', /nothing that it signed/],
  ])('%s', (_, changes, now, urgency, next) => {
    expect(advice(changes, now)).toMatchObject({ urgency, next: expect.stringMatching(next) });
  });
});
