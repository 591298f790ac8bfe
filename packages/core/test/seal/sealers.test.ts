import { generateKeyPairSync } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Authority, createAuthority } from '../../../../test/fakes/authority.ts';
import { type Fulcio, startFulcio } from '../../../../test/fakes/fulcio.ts';
import { createSigningKeys, type SigningKeys } from '../../../../test/fakes/signing-keys.ts';
import { createTimestampAuthority, type TimestampAuthority } from '../../../../test/fakes/timestamp-authority.ts';
import { startTimestampServer, type TimestampServer } from '../../../../test/fakes/timestamp-server.ts';
import { openCheckpoint } from '../../src/domain/checkpoint/checkpoint.ts';
import { signerValidity } from '../../src/domain/checkpoint/vouching.ts';
import { AuthenticationError, ConfigurationError, RuntimeFailure } from '../../src/domain/diagnosis.ts';
import { parseTrustedRoot } from '../../src/domain/keyless/trusted-root.ts';
import { readCertificatesPem } from '../../src/domain/x509/certificate.ts';
import type { HttpClient } from '../../src/io/http/http-client.ts';
import { openSealer } from '../../src/seal/open-sealer.ts';
import type { SealPlan } from '../../src/seal/seal-plan.ts';
import type { Sealer } from '../../src/seal/sealer.ts';
import { sealTrustFor } from '../../src/verify/seal-trust.ts';
import { clientOf } from '../io/http/harness.ts';
import { attestationKey, statementOf, trusted } from '../support/checkpoints.ts';
import { sealChain } from '../support/streams.ts';

/** What seals, over real sockets: an authority of time by `openssl ts`, and a certificate authority that checks what Fulcio checks. */

const KEY = attestationKey('ci-attest-2099-q4');
const LINES = sealChain([{}]);
const ISSUER = 'https://gitlab.example';
const CLAIMS = {
  iss: ISSUER,
  aud: 'sigstore',
  sub: 'project_path:group/app:ref_type:branch:ref:main',
  project_path: 'group/app',
  project_id: '20',
  namespace_path: 'group',
  namespace_id: '72',
  project_visibility: 'public',
  pipeline_source: 'push',
  ref: 'main',
  ref_type: 'branch',
  ref_path: 'refs/heads/main',
  sha: '0123456789abcdef0123456789abcdef01234567',
  job_id: '45678',
  runner_environment: 'gitlab-hosted',
  ci_config_ref_uri: 'gitlab.example/group/app//.gitlab-ci.yml@refs/heads/main',
  ci_config_sha: '0123456789abcdef0123456789abcdef01234567',
};
const IDENTITY = {
  provider: 'gitlab-ci',
  repository: 'group/app',
  run_id: '1212',
  run_attempt: '45678',
  ref: 'main',
  sha: CLAIMS.sha,
} as const;

let authority: Authority;
let time: TimestampAuthority;
let stranger: TimestampAuthority;
let secure: TimestampServer;
let plain: TimestampServer;
let fulcio: Fulcio;
let keys: SigningKeys;
let http: HttpClient;

beforeAll(async () => {
  authority = createAuthority();
  time = createTimestampAuthority();
  stranger = createTimestampAuthority({ name: 'Another time' });
  secure = await startTimestampServer(time, authority, { status: 201 });
  plain = await startTimestampServer(time, authority, { plain: true });
  keys = await createSigningKeys();
  const jwks = () => keys.jwks();
  fulcio = await startFulcio({ authority, issuers: [{ issuer: ISSUER, kind: 'gitlab', url: ISSUER, jwks }] });
  http = clientOf({ ca: [authority.certificate] });
});
afterEach(() => {
  for (const server of [secure, plain, fulcio]) server.heal();
  fulcio.tamper({});
});
afterAll(async () => {
  await Promise.all([secure, plain, fulcio].map((server) => server.close()));
  time.dispose();
  stranger.dispose();
  authority.dispose();
});

const pinned = (by = time) => [{ anchors: readCertificatesPem(by.rootPem, 2), others: [] }];
const soon = () => Date.now() + 5_000;

function tokenOf(changes: object = {}): string {
  const seconds = Math.floor(Date.now() / 1000);
  return keys.token({ ...CLAIMS, iat: seconds, nbf: seconds - 5, exp: seconds + 300, ...changes });
}

async function sealer(plan: SealPlan, environment: Readonly<Record<string, string>> = {}): Promise<Sealer> {
  const opened = await openSealer(plan, {
    provider: 'gitlab-ci',
    environment,
    trust: [trusted(KEY)],
    http: async () => http,
    tokenDeadline: soon(),
    sealDeadline: soon(),
  });
  if (opened === undefined) throw new Error('nothing seals');
  return opened;
}

const statement = (keyId: string) => statementOf(LINES, keyId, { claims: { identity: IDENTITY } });
const seal = async (by: Sealer) => by.seal(statement(by.keyId));

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => new Error('did not fail'),
    (reason: unknown) => reason,
  );
}

async function read(by: Sealer, text: string) {
  const { keys: trust, seals } = await by.trust();
  const bytes = Buffer.from(text);
  return openCheckpoint(bytes, trust, await sealTrustFor([bytes], seals));
}

describe('a key', () => {
  const plan = (url: string, by = time): SealPlan => ({
    kind: 'key',
    key: KEY,
    time: { url, authorities: pinned(by) },
  });

  it('seals without a time where none is asked for', async () => {
    const by = await sealer({ kind: 'key', key: KEY, time: undefined });
    expect((await read(by, await seal(by))).timestamps).toEqual([]);
  });

  it.each(['https', 'http'])('seals with a time that is proven, over %s', async (scheme) => {
    const by = await sealer(plan(scheme === 'https' ? secure.url : plain.url));
    const { timestamps, signer } = await read(by, await seal(by));
    expect(timestamps).toMatchObject([{ state: 'proven', authority: 'Time of a test run', accuracyMs: 1000 }]);
    expect(signer?.id).toBe(KEY.id);
  });

  it.each<[string, () => void]>([
    ['is down', () => void secure.fail({ kind: 'reset' })],
    ['refuses', () => void secure.fail({ kind: 'status', status: 403 })],
    ['fails', () => void secure.fail({ kind: 'status', status: 503 })],
    ['says nothing', () => void secure.fail({ kind: 'silent' })],
    ['sends elsewhere', () => void secure.fail({ kind: 'redirect', status: 302, to: plain.url })],
    ['answers in another form', () => void secure.fail({ kind: 'content-type', value: 'application/json' })],
    ['floods', () => void secure.fail({ kind: 'huge', bytes: 1_000_000, announced: true })],
  ])('seals nothing where the authority %s', async (_, fault) => {
    const by = await sealer(plan(secure.url));
    fault();
    const failure = await failureOf(seal(by));
    expect(failure).toBeInstanceOf(RuntimeFailure);
    expect(failure).toMatchObject({ code: 'CAVRA-E542' });
  });

  it.each<[string, () => Promise<Sealer>]>([
    ['is not the pinned one', async () => sealer(plan(secure.url, stranger))],
    [
      'answers with something else',
      async () => {
        secure.fail({ kind: 'body', body: 'not DER' });
        return sealer(plan(secure.url));
      },
    ],
  ])('seals nothing where the authority %s', async (_, open) => {
    const failure = await failureOf(seal(await open()));
    expect(failure).toBeInstanceOf(RuntimeFailure);
    expect(failure).toMatchObject({ code: 'CAVRA-E543' });
  });
});

describe('a key that is revoked', () => {
  const HOUR = 3_600_000;

  /** What a reader says of a seal whose key is revoked since a moment. */
  async function validity(text: string, revokedAt: number) {
    const bytes = Buffer.from(text);
    const trust = [trusted(KEY, { status: 'revoked', revokedAt })];
    const seals = await sealTrustFor([bytes], { identities: [], authorities: pinned() });
    return signerValidity(openCheckpoint(bytes, trust, seals), []);
  }

  it('still counts for what was stamped before, and for nothing that was stamped after or not at all', async () => {
    const stamped = await sealer({ kind: 'key', key: KEY, time: { url: secure.url, authorities: pinned() } });
    const text = await seal(stamped);
    expect(await validity(text, Date.now() + HOUR)).toBe('valid');
    expect(await validity(text, Date.now() - HOUR)).toBe('revoked');
    // The authority says that it may be wrong by a second.
    expect(await validity(text, Date.now() - 500)).toBe('revoked');
    const bare = await seal(await sealer({ kind: 'key', key: KEY, time: undefined }));
    expect(await validity(bare, Date.now() + HOUR)).toBe('revoked');
  });

  it('is judged by the proven time, not by the one that the runner gives', async () => {
    const stamped = await sealer({ kind: 'key', key: KEY, time: { url: secure.url, authorities: pinned() } });
    const old = { ...statement(stamped.keyId), timeMs: Date.now() - 9 * HOUR };
    const text = await stamped.seal(old);
    expect(await validity(text, Date.now() - HOUR)).toBe('revoked');
    const bytes = Buffer.from(text);
    const seals = await sealTrustFor([bytes], { identities: [], authorities: pinned() });
    const past = [trusted(KEY, { status: 'retired', notAfter: Date.now() - HOUR })];
    expect(signerValidity(openCheckpoint(bytes, past, seals), [])).toBe('expired');
  });
});

describe('without a key', () => {
  function plan(changes: Partial<Extract<SealPlan, { kind: 'keyless' }>> = {}): SealPlan {
    const root = parseTrustedRoot(Buffer.from(fulcio.trustedRoot(time)), 'the root of the test');
    const planned = { url: secure.url, authorities: pinned() };
    return { kind: 'keyless', url: fulcio.origin, root, time: planned, publicOnly: true, ...changes };
  }
  const declared = (changes?: object) => ({ SIGSTORE_ID_TOKEN: tokenOf(changes) });

  it('seals by a certificate of the job, which every reader who expects it accepts', async () => {
    const by = await sealer(plan(), declared());
    const text = await seal(by);
    const { certificate, timestamps } = await read(by, text);
    expect(certificate).toMatchObject({ issuer: ISSUER, repositoryUri: `${ISSUER}/group/app`, commit: CLAIMS.sha });
    expect(timestamps).toMatchObject([{ state: 'proven' }]);
    expect(JSON.parse(text).verificationMaterial).not.toHaveProperty('publicKey');
    expect(text).not.toContain(String(declared().SIGSTORE_ID_TOKEN).split('.')[1]);
  });

  it('asks once for a certificate, however often it seals', async () => {
    const by = await sealer(plan(), declared());
    const before = fulcio.requests.length;
    await seal(by);
    await seal(by);
    expect(fulcio.requests.length - before).toBe(1);
  });

  it('has another key in each run', async () => {
    const ids = await Promise.all([1, 2].map(async () => (await sealer(plan(), declared())).keyId));
    expect(new Set(ids).size).toBe(2);
  });

  it.each<[string, string, () => Readonly<Record<string, string>>]>([
    ['the job has no token', 'CAVRA-E350', () => ({})],
    ['the token is for somebody else', 'CAVRA-E350', () => declared({ aud: 'cavra-release-governance' })],
    ['the token is for several', 'CAVRA-E350', () => declared({ aud: ['sigstore', 'other'] })],
    ['the token is none', 'CAVRA-E315', () => ({ SIGSTORE_ID_TOKEN: 'a.b.c' })],
    ['the token has no subject', 'CAVRA-E315', () => declared({ sub: undefined })],
    ['the token is of another issuer', 'CAVRA-E351', () => declared({ iss: 'https://other.example' })],
    ['the token has expired', 'CAVRA-E351', () => declared({ exp: 1 })],
    ['the token is forged', 'CAVRA-E351', () => ({ SIGSTORE_ID_TOKEN: forged(tokenOf()) })],
  ])('seals nothing where %s: %s', async (_, code, environment) => {
    const failure = await failureOf(seal(await sealer(plan(), environment())));
    expect(failure).toBeInstanceOf(AuthenticationError);
    expect(failure).toMatchObject({ code });
  });

  it.each([undefined, 'private', 'internal'])(
    'asks no public instance for a repository that is %s',
    async (visibility) => {
      const before = fulcio.requests.length;
      const environment = declared({ project_visibility: visibility });
      const failure = await failureOf(seal(await sealer(plan(), environment)));
      expect(failure).toBeInstanceOf(ConfigurationError);
      expect(failure).toMatchObject({ code: 'CAVRA-E263' });
      expect(fulcio.requests.length).toBe(before);
      expect(await seal(await sealer(plan({ publicOnly: false }), environment))).toContain('certificate');
    },
  );

  it.each<[string, string, () => void]>([
    ['is down', 'CAVRA-E540', () => void fulcio.fail({ kind: 'reset' })],
    ['fails', 'CAVRA-E540', () => void fulcio.fail({ kind: 'status', status: 500 })],
    [
      'asks to wait',
      'CAVRA-E540',
      () => void fulcio.fail({ kind: 'status', status: 429, headers: { 'retry-after': '60' } }),
    ],
    ['answers with something else', 'CAVRA-E540', () => void fulcio.fail({ kind: 'body', body: '{"certificate":1}' })],
    [
      'answers without a promise of a log in the certificate',
      'CAVRA-E540',
      () => void fulcio.fail({ kind: 'body', body: '{"signedCertificateDetachedSct":{"chain":{"certificates":[]}}}' }),
    ],
    [
      'certifies another repository',
      'CAVRA-E541',
      () => fulcio.tamper({ extensions: { 12: `${ISSUER}/group/other` } }),
    ],
    ['certifies another commit', 'CAVRA-E541', () => fulcio.tamper({ extensions: { 13: 'f'.repeat(40) } })],
    [
      'certifies another pipeline definition',
      'CAVRA-E541',
      () => fulcio.tamper({ subject: 'https://gitlab.example/evil' }),
    ],
    ['certifies another issuer', 'CAVRA-E541', () => fulcio.tamper({ issuer: 'https://other.example' })],
    [
      'names another web address',
      'CAVRA-E541',
      () => fulcio.tamper({ extensions: { 12: 'https://gitlab.com/group/app' } }),
    ],
    [
      'certifies another key',
      'CAVRA-E541',
      () => fulcio.tamper({ publicKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey }),
    ],
  ])('seals nothing where the authority %s: %s', async (_, code, fault) => {
    const by = await sealer(plan(), declared());
    fault();
    const failure = await failureOf(seal(by));
    expect(failure).toBeInstanceOf(RuntimeFailure);
    expect(failure).toMatchObject({ code });
  });

  it('seals nothing where nobody proves the time', async () => {
    secure.fail({ kind: 'status', status: 500 });
    const failure = await failureOf(seal(await sealer(plan(), declared())));
    expect(failure).toBeInstanceOf(RuntimeFailure);
    expect(failure).toMatchObject({ code: 'CAVRA-E542' });
  });

  it('shows the token in no error', async () => {
    const token = tokenOf();
    for (const fault of [
      { kind: 'status', status: 400 },
      { kind: 'status', status: 500 },
      { kind: 'reset' },
    ] as const) {
      fulcio.fail(fault);
      const failure = await failureOf(seal(await sealer(plan(), { SIGSTORE_ID_TOKEN: token })));
      expect(String((failure as Error).stack)).not.toContain(token.slice(0, 40));
      fulcio.heal();
    }
  });
});

/** The same claims under a signature that is not the issuer's. */
function forged(token: string): string {
  const [head, body, signature = ''] = token.split('.');
  return `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
}
