import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Authority, createAuthority } from '../../../../../test/fakes/authority.ts';
import { type GitHub, startGitHubEnterpriseServer } from '../../../../../test/fakes/github.ts';
import { oidcProof } from '../../../src/domain/auth/oidc/proof.ts';
import { resolveOidcTrust } from '../../../src/domain/auth/oidc/trust-defaults.ts';
import { createOidcAuthenticator } from '../../../src/domain/auth/oidc/verify.ts';
import { readIdentity } from '../../../src/domain/identity/read.ts';
import { JWKS_CACHE_MS } from '../../../src/domain/limits.ts';
import { createJwksUrlSource } from '../../../src/io/http/jwks-source.ts';
import { clientOf } from './harness.ts';

let authority: Authority;
let github: GitHub;
let time = Date.now();

beforeAll(async () => {
  authority = createAuthority();
  github = await startGitHubEnterpriseServer({ authority, now: () => time });
});
afterAll(async () => {
  await github.close();
  authority.dispose();
});

it('a resident verifier accepts a new key of the platform at once, and refuses a withdrawn one once the kept keys expire', async () => {
  const { environment, claims } = github.startJob();
  const trust = resolveOidcTrust({ provider: 'github-actions', env: environment, configured: {} });
  const url = 'url' in trust.jwks ? trust.jwks.url : '';
  const http = clientOf({ ca: [authority.certificate], now: () => time });
  const verifier = createOidcAuthenticator({
    ...trust,
    jwks: createJwksUrlSource({ url, http, now: () => time }),
    now: () => time,
  });
  const identity = readIdentity(environment);
  const present = (kid: string = github.keys.kid) => {
    const proof = oidcProof(identity, tokens.get(kid)?.() ?? '');
    return verifier.authenticate({}, proof);
  };
  // A token is signed anew each time, with the key of its time: its age is not what this is about.
  const tokens = new Map<string, () => string>();
  const remember = () => {
    const sign = github.keys.signer();
    tokens.set(github.keys.kid, () => sign(claims(trust.audience)));
    return github.keys.kid;
  };

  const first = remember();
  expect((await present(first)).keyId).toBe(first);

  await github.keys.rotate();
  const second = remember();
  expect((await present(second)).keyId).toBe(second);
  expect((await present(first)).keyId).toBe(first);

  github.keys.withdraw(first);
  time += JWKS_CACHE_MS - 1;
  expect((await present(first)).keyId).toBe(first);
  time += 1;
  await expect(present(first)).rejects.toMatchObject({ name: 'AuthenticationError', code: 'CAVRA-E316' });
  expect((await present(second)).keyId).toBe(second);
});
