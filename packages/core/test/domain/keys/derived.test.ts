import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../../src/domain/diagnosis.ts';
import { deriveEvidenceKey } from '../../../src/domain/keys/derived-key.ts';
import { publicKeyPem } from '../../../src/domain/keys/ed25519.ts';
import { isPastQuarter, quarterOf } from '../../../src/domain/keys/key-id.ts';
import { keyAdvice } from '../../../src/domain/keys/keyring/advice.ts';
import { parseKeyring } from '../../../src/domain/keys/keyring/keyring.ts';
import {
  addActiveKey,
  addDerivedKey,
  type KeyJson,
  type KeyringJson,
  keyringText,
  retireKey,
  revokeKey,
} from '../../../src/domain/keys/keyring/keyring-edit.ts';
import { attestationKey } from '../../support/checkpoints.ts';
import { refusalOf } from '../../support/refusal.ts';

const KEY = attestationKey('ci-attestation-2026-q4');
const NOW = Date.UTC(2026, 10, 22, 12);

describe('the derived evidence key', () => {
  it('is HKDF-SHA256 of the seed, as openssl computes it', () => {
    const seed = '01'.repeat(32);
    const parameters = ['digest:SHA256', `hexkey:${seed}`, 'info:cavra.release-governance.evidence-hmac.v1'];
    const options = parameters.flatMap((parameter) => ['-kdfopt', parameter]);
    const text = execFileSync('openssl', ['kdf', '-keylen', '32', ...options, 'HKDF'], { encoding: 'utf8' });
    const expected = text.trim().replaceAll(':', '').toLowerCase();
    const { id, secret } = deriveEvidenceKey(KEY);
    expect(id).toBe('ci-attestation-2026-q4.hmac');
    expect(Buffer.from(secret).toString('latin1')).toBe(expected);
    expect(expected).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is another for each attestation key, and the same under each id', () => {
    expect(deriveEvidenceKey(attestationKey('other')).secret).toEqual(deriveEvidenceKey(KEY).secret);
    expect(deriveEvidenceKey(attestationKey(KEY.id, 2)).secret).not.toEqual(deriveEvidenceKey(KEY).secret);
  });

  it('needs an id that leaves room for its own', () => {
    expect(deriveEvidenceKey(attestationKey('k'.repeat(123))).id).toHaveLength(128);
    const refusal = refusalOf(() => deriveEvidenceKey(attestationKey('k'.repeat(124))));
    expect(refusal).toBeInstanceOf(ConfigurationError);
    expect(refusal).toMatchObject({ code: 'CAVRA-E207' });
  });

  it('has the quarter of the attestation key', () => {
    expect(quarterOf('ci-attestation-2026-q4.hmac')).toEqual(quarterOf('ci-attestation-2026-q4'));
    expect(isPastQuarter('ci-attestation-2026-q3.hmac', NOW)).toBe(true);
    expect(quarterOf('.hmac')).toBeUndefined();
  });
});

const ATTESTATION: KeyJson = {
  id: KEY.id,
  purpose: 'attestation',
  algorithm: 'Ed25519',
  status: 'active',
  public_key: publicKeyPem(KEY.publicKey),
  not_before: '2026-10-01T00:00:00Z',
};
const NEXT: KeyJson = { ...ATTESTATION, id: 'next', public_key: publicKeyPem(attestationKey('next', 2).publicKey) };
const OWN: KeyJson = {
  id: 'own',
  purpose: 'evidence',
  algorithm: 'HMAC-SHA256',
  status: 'active',
  secret: { env: 'OWN' },
};
const DERIVED: KeyJson = {
  id: `${KEY.id}.hmac`,
  purpose: 'evidence',
  algorithm: 'HMAC-SHA256',
  derived_from: KEY.id,
};

const parsed = (ring: KeyringJson) => parseKeyring(Buffer.from(keyringText(ring))).keys;
const standing = (ring: KeyringJson) => parsed(ring).map(({ id, status }) => [id, status]);

describe('in a keyring', () => {
  it('has status and period of the attestation key, in either order', () => {
    const ring = { keys: [DERIVED, ATTESTATION] };
    expect(parsed(ring)[0]).toEqual({
      id: DERIVED.id,
      purpose: 'evidence',
      algorithm: 'HMAC-SHA256',
      derivedFrom: KEY.id,
      status: 'active',
      notBefore: Date.UTC(2026, 9, 1),
    });
    const revoked = revokeKey(ring, { id: KEY.id, purpose: undefined }, NOW);
    expect(parsed(revoked)[0]).toMatchObject({ status: 'revoked', revokedAt: NOW });
    expect(parsed(retireKey(ring, { id: KEY.id, purpose: undefined }, NOW))[0]).toMatchObject({
      status: 'retired',
      notAfter: NOW,
    });
  });

  it.each<[string, object, RegExp]>([
    ['a status of its own', { status: 'active' }, /\/keys\/1\/status is not a member/],
    ['a secret', { secret: { env: 'X' } }, /\/keys\/1\/secret is not a member/],
    ['a period', { not_after: '2027-01-01T00:00:00Z' }, /\/keys\/1\/not_after is not a member/],
    ['another id', { id: 'other.hmac' }, /\/keys\/1\/id must be derived_from and \.hmac/],
    ['another purpose', { purpose: 'runner' }, /\/keys\/1\/purpose must be evidence/],
    ['another algorithm', { algorithm: 'Ed25519' }, /\/keys\/1\/algorithm must be HMAC-SHA256/],
    ['no such attestation key', { derived_from: 'other' }, /\/keys\/1\/derived_from must be the id of an attestation/],
    ['a derived key of a derived key', { derived_from: DERIVED.id }, /\/keys\/1\/derived_from must be the id/],
    ['a number', { derived_from: 7 }, /\/keys\/1\/derived_from must be the id/],
  ])('is refused with %s', (_, changes, message) => {
    const refusal = refusalOf(() => parsed({ keys: [ATTESTATION, { ...DERIVED, ...changes }] }));
    expect(refusal).toBeInstanceOf(ConfigurationError);
    expect(refusal).toMatchObject({ code: 'CAVRA-E209', message: expect.stringMatching(message) });
  });

  it('is refused beside another active evidence key, and twice', () => {
    expect(refusalOf(() => parsed({ keys: [ATTESTATION, DERIVED, OWN] }))).toMatchObject({ code: 'CAVRA-E209' });
    expect(refusalOf(() => parsed({ keys: [ATTESTATION, DERIVED, DERIVED] }))).toMatchObject({ code: 'CAVRA-E209' });
  });

  it('lets the evidence key before it retire', () => {
    const ring = addDerivedKey({ keys: [OWN, ATTESTATION] }, KEY.id);
    expect(standing(ring)).toEqual([
      ['own', 'retiring'],
      [KEY.id, 'active'],
      [DERIVED.id, 'active'],
    ]);
  });

  it('follows a rotation of the attestation key', () => {
    const ring = addActiveKey({ keys: [ATTESTATION, DERIVED] }, NEXT);
    expect(standing(ring)).toEqual([
      [KEY.id, 'retiring'],
      [DERIVED.id, 'retiring'],
      ['next', 'active'],
      ['next.hmac', 'active'],
    ]);
  });

  it('is not changed by itself', () => {
    const ring = { keys: [ATTESTATION, DERIVED] };
    const name = { id: DERIVED.id, purpose: undefined };
    for (const change of [
      () => retireKey(ring, name, NOW),
      () => revokeKey(ring, name, undefined),
      () => addActiveKey(ring, OWN),
    ]) {
      expect(refusalOf(change)).toBeInstanceOf(ConfigurationError);
      expect(refusalOf(change)).toMatchObject({ code: 'CAVRA-E209' });
    }
  });

  it('needs nothing of its own', () => {
    const [, derived] = parsed({ keys: [ATTESTATION, DERIVED] });
    if (derived === undefined) throw new Error('the keyring has no derived key');
    expect(keyAdvice(derived, NOW)).toMatchObject({ urgency: 'none', quarter: '2026-q4' });
  });
});
