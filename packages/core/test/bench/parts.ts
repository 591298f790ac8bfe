// Parts of the core in one process, each in turn with the least that anybody would have to do for it; `test/bench` runs it.
import { createPublicKey, verify } from 'node:crypto';
import { parseJwks } from '../../src/domain/auth/oidc/token/jwks.ts';
import { createOidcAuthenticator } from '../../src/domain/auth/oidc/verify.ts';
import { GITHUB_CLAIMS, GITHUB_IDENTITY, ISSUED_AT, jwksBytes, rsaKey, token } from '../support/tokens.ts';

export { createSecretSearcher } from '../../src/domain/secrets/searcher.ts';
export { openEvidenceRecorder } from '../../src/io/stream/evidence-recorder.ts';
export { systemClock } from '../../src/io/system/system.ts';

/** Seconds that each side took for `count` of what it does. */
export interface PartTimes {
  readonly count: number;
  readonly measured: number;
  readonly yardstick: number;
}

/** Verifies RS256 tokens against pinned trust and binds an identity to them; the yardstick is the RSA signature alone. */
export async function timeTokens(count: number): Promise<PartTimes> {
  const key = rsaKey('key-1');
  const jwt = token(key, GITHUB_CLAIMS);
  const keys = parseJwks(jwksBytes(key.jwk));
  const authenticator = createOidcAuthenticator({
    provider: 'github-actions',
    issuer: GITHUB_CLAIMS.iss,
    audience: GITHUB_CLAIMS.aud,
    algorithms: ['RS256'],
    maxTokenAgeSeconds: 900,
    requiredClaims: ['jti', 'nbf'],
    jwks: { get: async () => keys },
    now: () => (ISSUED_AT + 10) * 1000,
  });
  const auth = { identity: GITHUB_IDENTITY, algorithm: 'OIDC-JWT', signature: jwt };
  const publicKey = createPublicKey(key.privateKey);
  const [header = '', payload = '', signature = ''] = jwt.split('.');
  const signed = Buffer.from(`${header}.${payload}`);
  const bytes = Buffer.from(signature, 'base64url');
  return {
    count,
    measured: await seconds(count, async () => {
      await authenticator.authenticate({ target: 'prod' }, auth);
    }),
    yardstick: await seconds(count, async () => {
      if (!verify('sha256', signed, publicKey, bytes)) throw new Error('the signature is wrong');
    }),
  };
}

/** The first tenth is not counted. */
async function seconds(count: number, work: () => Promise<void>): Promise<number> {
  for (let index = 0; index < count / 10; index += 1) await work();
  const start = process.hrtime.bigint();
  for (let index = 0; index < count; index += 1) await work();
  return Number(process.hrtime.bigint() - start) / 1e9;
}
