import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { signIdentity, signRequest } from '../../../src/domain/auth/hmac.ts';
import { createHmacAuthenticator, type HmacAuthenticatorOptions } from '../../../src/domain/auth/hmac-authenticator.ts';
import { createHmacProver } from '../../../src/domain/auth/hmac-prover.ts';
import { createNonceMemory } from '../../../src/domain/auth/nonce-memory.ts';
import { createRunnerAuthenticator } from '../../../src/domain/auth/runner-authenticator.ts';
import { AuthenticationError, ConfigurationError } from '../../../src/domain/diagnosis.ts';
import type { HmacVerificationKey } from '../../../src/domain/keys/hmac-keys.ts';
import { requestDigest } from '../../../src/domain/wire/encode.ts';
import type { EvaluateRequest, RunnerAuth, RunnerIdentity } from '../../../src/domain/wire/messages.ts';
import { refusalOf, rejectionOf } from '../../support/refusal.ts';

const SECRET = Buffer.from('0123456789abcdef0123456789abcdef');
const SIGNING_KEY = { id: 'rk-1', secret: SECRET };
const KEY: HmacVerificationKey = { id: 'rk-1', secret: SECRET, status: 'active' };
const IDENTITY: RunnerIdentity = { provider: 'github-actions', repository: 'o/r', run_id: '7', sha: 'abc' };
const REQUEST: EvaluateRequest = {
  target: 'prod',
  release_governance: { approval_state: 'approved', approval_id: 'A-1' },
};
const ISSUED_AT = 1_800_000_000;
const NONCE = '00112233445566778899aabbccddeeff';
const BINDING = { issuedAt: ISSUED_AT, nonce: NONCE, audience: 'gate', requestSha256: requestDigest(REQUEST) };

function authenticator(options: Partial<HmacAuthenticatorOptions> = {}) {
  return createHmacAuthenticator({
    keys: [KEY],
    audience: 'gate',
    accept: ['v2'],
    now: () => ISSUED_AT * 1000,
    ...options,
  });
}

async function codeOf(answer: Promise<unknown>): Promise<unknown> {
  const error = await rejectionOf(answer);
  expect(error).toBeInstanceOf(AuthenticationError);
  return error instanceof AuthenticationError ? error.code : undefined;
}

describe('HMAC-SHA256-REQUEST', () => {
  it('is the MAC over the lines of wire-format.md section 3', () => {
    const lines = [
      'cavra.runner-auth.v2',
      'issued_at=1800000000',
      `nonce=${NONCE}`,
      'key_id=rk-1',
      'audience=gate',
      `request_sha256=${requestDigest(REQUEST)}`,
      'provider=github-actions',
      'repository=o/r',
      'workflow=',
      'run_id=7',
      'run_attempt=',
      'ref=',
      'sha=abc',
      'actor=',
      'job=',
      'runner_name=',
    ].join('\n');
    const mac = createHmac('sha256', SECRET).update(lines).digest('hex');
    expect(signRequest(SIGNING_KEY, IDENTITY, BINDING)).toEqual({
      identity: IDENTITY,
      algorithm: 'HMAC-SHA256-REQUEST',
      key_id: 'rk-1',
      signature: `v2.1800000000.${NONCE}.${mac}`,
    });
  });

  it('is accepted for its request, and says what is proven and that replay is not noticed', async () => {
    const runner = await authenticator().authenticate(REQUEST, signRequest(SIGNING_KEY, IDENTITY, BINDING));
    expect(runner).toEqual({
      method: 'hmac',
      identity: IDENTITY,
      keyId: 'rk-1',
      verified: ['provider', 'repository', 'run_id', 'sha'],
      unverified: [],
      notes: [expect.stringContaining('not remembered')],
    });
  });

  it.each([
    [-60, undefined],
    [-60.001, 'CAVRA-E304'],
    [300, undefined],
    [300.001, 'CAVRA-E304'],
    [Number.NaN, 'CAVRA-E304'],
  ])('%d s after its issue: %s', async (age, code) => {
    const auth = signRequest(SIGNING_KEY, IDENTITY, BINDING);
    const answer = authenticator({ now: () => (ISSUED_AT + age) * 1000 }).authenticate(REQUEST, auth);
    expect(code === undefined ? (await answer).method : await codeOf(answer)).toBe(code ?? 'hmac');
  });

  const good = signRequest(SIGNING_KEY, IDENTITY, BINDING);
  const mac = good.signature?.split('.')[3] ?? '';
  it.each<[string, EvaluateRequest, RunnerAuth]>([
    ['another request', { ...REQUEST, target: 'staging' }, good],
    ['another identity', REQUEST, { ...good, identity: { ...IDENTITY, repository: 'o/other' } }],
    ['another key id', REQUEST, { ...good, key_id: 'rk-2' }],
    ['no key id', REQUEST, { identity: IDENTITY, algorithm: 'HMAC-SHA256-REQUEST', signature: good.signature ?? '' }],
    ['another audience', REQUEST, signRequest(SIGNING_KEY, IDENTITY, { ...BINDING, audience: 'other' })],
    ['another key', REQUEST, signRequest({ id: 'rk-1', secret: Buffer.alloc(32) }, IDENTITY, BINDING)],
    ['upper-case hex', REQUEST, { ...good, signature: `v2.${ISSUED_AT}.${NONCE}.${mac.toUpperCase()}` }],
    ['a padded time', REQUEST, { ...good, signature: `v2.0${ISSUED_AT}.${NONCE}.${mac}` }],
    ['a signed time', REQUEST, { ...good, signature: `v2.+${ISSUED_AT}.${NONCE}.${mac}` }],
    ['a time beyond what is exact', REQUEST, { ...good, signature: `v2.${'9'.repeat(40)}.${NONCE}.${mac}` }],
    ['another time', REQUEST, { ...good, signature: `v2.${ISSUED_AT + 1}.${NONCE}.${mac}` }],
    ['a short nonce', REQUEST, { ...good, signature: `v2.${ISSUED_AT}.${NONCE.slice(1)}.${mac}` }],
    ['the v1 form', REQUEST, { ...good, signature: mac }],
    ['a line end at the end', REQUEST, { ...good, signature: `${good.signature}\n` }],
    ['no signature', REQUEST, { identity: IDENTITY, algorithm: 'HMAC-SHA256-REQUEST', key_id: 'rk-1' }],
  ])('is refused with %s', async (_, request, auth) => {
    expect(await codeOf(authenticator().authenticate(request, auth))).toBe('CAVRA-E303');
  });

  it('takes a nonce once where nonces are remembered', async () => {
    const gate = authenticator({ nonces: createNonceMemory(2) });
    await expect(gate.authenticate(REQUEST, good)).resolves.toMatchObject({ notes: [] });
    expect(await codeOf(gate.authenticate(REQUEST, good))).toBe('CAVRA-E305');
  });

  it('refuses rather than forgets when the memory is full', async () => {
    const gate = authenticator({ nonces: createNonceMemory(1) });
    await gate.authenticate(REQUEST, good);
    const second = signRequest(SIGNING_KEY, IDENTITY, { ...BINDING, nonce: 'f'.repeat(32) });
    expect(await codeOf(gate.authenticate(REQUEST, second))).toBe('CAVRA-E308');
  });

  it('does not let a forger fill the memory', async () => {
    const gate = authenticator({ nonces: createNonceMemory(1) });
    const forged = { ...good, signature: `v2.${ISSUED_AT}.${'a'.repeat(32)}.${'0'.repeat(64)}` };
    expect(await codeOf(gate.authenticate(REQUEST, forged))).toBe('CAVRA-E303');
    await expect(gate.authenticate(REQUEST, good)).resolves.toMatchObject({ method: 'hmac' });
  });

  it.each([
    ['audience', { ...BINDING, audience: 'a\nb' }],
    ['nonce', { ...BINDING, nonce: 'a\rb' }],
  ])('refuses to sign a line end in the %s', (_, binding) => {
    expect(refusalOf(() => signRequest(SIGNING_KEY, IDENTITY, binding))).toMatchObject({ code: 'CAVRA-E302' });
  });

  it('is made by the prover with a fresh nonce each time', async () => {
    const prover = createHmacProver({
      key: SIGNING_KEY,
      form: 'v2',
      audience: 'gate',
      now: () => ISSUED_AT * 1000 + 999,
      randomBytes: (size) => Buffer.from(NONCE, 'hex').subarray(0, size),
    });
    expect(await prover.prove(IDENTITY, { ...REQUEST, runner_auth: good })).toEqual(good);
  });
});

describe('HMAC-SHA256', () => {
  it('is refused where only request-bound proofs are accepted', async () => {
    expect(await codeOf(authenticator().authenticate(REQUEST, signIdentity(SIGNING_KEY, IDENTITY)))).toBe('CAVRA-E306');
  });

  it.each([
    ['another repository', { ...IDENTITY, repository: 'o/other' }, 'CAVRA-E303'],
    ['a line end', { ...IDENTITY, actor: 'a\nb' }, 'CAVRA-E302'],
    ['a value that is no string', JSON.parse('{"provider":"local","repository":7}'), 'CAVRA-E302'],
  ])('is refused with %s', async (_, identity, code) => {
    const auth = { ...signIdentity(SIGNING_KEY, IDENTITY), identity };
    expect(await codeOf(authenticator({ accept: ['v1'] }).authenticate(REQUEST, auth))).toBe(code);
  });

  it.each([signIdentity, (key: typeof SIGNING_KEY) => signRequest(key, IDENTITY, BINDING)])(
    'refuses to sign with a short key (%#)',
    (sign) => {
      const error = refusalOf(() => sign({ id: 'rk-1', secret: SECRET.subarray(1) }, IDENTITY));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error).toMatchObject({ code: 'CAVRA-E207', message: expect.stringContaining('31 bytes') });
    },
  );

  it('checks what was signed with a short key elsewhere', async () => {
    const short = Buffer.from('short');
    const payload = ['cavra.runner-auth.v1', 'provider=local', 'repository=r']
      .concat(['workflow', 'run_id', 'run_attempt', 'ref', 'sha', 'actor', 'job', 'runner_name'].map((f) => `${f}=`))
      .join('\n');
    const signature = createHmac('sha256', short).update(payload).digest('hex');
    const auth = { identity: { provider: 'local', repository: 'r' }, algorithm: 'HMAC-SHA256', signature };
    const gate = authenticator({ accept: ['v1'], keys: [{ id: '', secret: short, status: 'active' }] });
    await expect(gate.authenticate({}, auth)).resolves.toMatchObject({ verified: ['provider', 'repository'] });
  });
});

describe('the key', () => {
  const auth = signRequest(SIGNING_KEY, IDENTITY, BINDING);
  const now = ISSUED_AT * 1000;

  it.each<[string, Partial<HmacVerificationKey>]>([
    ['retired', { status: 'retired' }],
    ['revoked', { status: 'revoked' }],
    ['revoked in the future', { status: 'revoked', revokedAt: now + 1 }],
    ['not yet valid', { notBefore: now + 1 }],
    ['expired', { notAfter: now }],
    ['of other repositories', { repositories: ['o/other', 'o/r2', 'O/R'] }],
    ['of no repository', { repositories: [] }],
  ])('is refused when %s', async (_, members) => {
    const gate = authenticator({ keys: [{ ...KEY, ...members }] });
    expect(await codeOf(gate.authenticate(REQUEST, auth))).toBe('CAVRA-E307');
  });

  it.each<[string, Partial<HmacVerificationKey>]>([
    ['retiring', { status: 'retiring' }],
    ['within its period', { notBefore: now, notAfter: now + 1 }],
    ['of this repository', { repositories: ['o/r'] }],
  ])('is accepted when %s', async (_, members) => {
    const gate = authenticator({
      keys: [
        { id: 'other', secret: Buffer.alloc(32), status: 'active' },
        { ...KEY, ...members },
      ],
    });
    await expect(gate.authenticate(REQUEST, auth)).resolves.toMatchObject({ keyId: 'rk-1' });
  });

  it.each<[string, Partial<HmacAuthenticatorOptions>, string]>([
    ['there is none', { keys: [] }, 'CAVRA-E201'],
    ['it is empty', { keys: [{ ...KEY, secret: Buffer.alloc(0) }] }, 'CAVRA-E207'],
    ['the audience is missing', { audience: '' }, 'CAVRA-E201'],
  ])('is a configuration error when %s', (_, options, code) => {
    const error = refusalOf(() => authenticator(options));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ code });
  });
});

describe('createRunnerAuthenticator', () => {
  const hmac = authenticator();
  const auth = signRequest(SIGNING_KEY, IDENTITY, BINDING);
  const oidcRunner = {
    method: 'oidc',
    identity: IDENTITY,
    keyId: 'k',
    verified: [],
    unverified: [],
    notes: [],
  } as const;
  const oidc = { authenticate: async () => oidcRunner };
  const jwt = { identity: IDENTITY, algorithm: 'OIDC-JWT', signature: 'x' };

  it('refuses everything when nothing is configured', async () => {
    expect(await codeOf(createRunnerAuthenticator({}).authenticate(REQUEST, auth))).toBe('CAVRA-E306');
    expect(await codeOf(createRunnerAuthenticator({}).authenticate(REQUEST, undefined))).toBe('CAVRA-E306');
  });

  it('refuses a request without proof', async () => {
    expect(await codeOf(createRunnerAuthenticator({ hmac }).authenticate(REQUEST, undefined))).toBe('CAVRA-E301');
    expect(await codeOf(hmac.authenticate(REQUEST, undefined))).toBe('CAVRA-E301');
  });

  it('refuses HMAC beside OIDC unless it is allowed by name (row 31)', async () => {
    expect(await codeOf(createRunnerAuthenticator({ oidc, hmac }).authenticate(REQUEST, auth))).toBe('CAVRA-E306');
    const both = createRunnerAuthenticator({ oidc, hmac, allowHmacBesideOidc: true });
    expect((await both.authenticate(REQUEST, auth)).method).toBe('hmac');
    expect((await both.authenticate(REQUEST, jwt)).method).toBe('oidc');
  });

  it.each(['oidc-jwt', '', 'none', 'HMAC-SHA512', '__proto__', 'toString'])(
    'refuses the algorithm %j',
    async (algorithm) => {
      const both = createRunnerAuthenticator({ oidc, hmac, allowHmacBesideOidc: true });
      expect(await codeOf(both.authenticate(REQUEST, { ...jwt, algorithm }))).toBe('CAVRA-E306');
      expect(await codeOf(hmac.authenticate(REQUEST, { ...auth, algorithm }))).toBe('CAVRA-E306');
    },
  );

  it('refuses a token where only HMAC is configured, and the reverse', async () => {
    expect(await codeOf(createRunnerAuthenticator({ hmac }).authenticate(REQUEST, jwt))).toBe('CAVRA-E306');
    expect(await codeOf(createRunnerAuthenticator({ oidc }).authenticate(REQUEST, auth))).toBe('CAVRA-E306');
  });
});

describe('createNonceMemory', () => {
  it('forgets a nonce only when its proof is refused for its age', () => {
    const memory = createNonceMemory(1);
    expect(memory.take('a', 100, 0)).toBe('taken');
    expect(memory.take('a', 100, 99)).toBe('used');
    expect(memory.take('b', 200, 99)).toBe('full');
    expect(memory.take('b', 200, 100)).toBe('taken');
    expect(memory.take('b', 300, 200)).toBe('taken');
  });
});
