import { generateKeyPair, type JsonWebKey, type KeyObject, randomUUID, sign } from 'node:crypto';
import { promisify } from 'node:util';

/** A public key as it stands in a JWKS. */
export type PublicJwk = JsonWebKey & { readonly kid: string; readonly use: string; readonly alg: string };

interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly jwk: PublicJwk;
}

/** The RSA keys of an issuer: one signs, those published verify. */
export interface SigningKeys {
  /** The key id that signs now. */
  readonly kid: string;
  /** What the issuer publishes now. */
  jwks(): { readonly keys: readonly PublicJwk[] };
  /** Signs with a new key from now on, and publishes it. The old one stays published until it is withdrawn. */
  rotate(): Promise<void>;
  /** No longer publishes the key. */
  withdraw(kid: string): void;
  /**
   * A compact JWT, RS256.
   *
   * @param header members that stand before, or in place of, `alg`, `kid` and `typ`
   */
  token(claims: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): string;
}

const generate = promisify(generateKeyPair);

/** A new set with one key. */
export async function createSigningKeys(): Promise<SigningKeys> {
  let current = await createKey();
  let published = [current];
  return {
    get kid() {
      return current.kid;
    },
    jwks: () => ({ keys: published.map(({ jwk }) => jwk) }),
    rotate: async () => {
      current = await createKey();
      published = [...published, current];
    },
    withdraw: (kid) => {
      published = published.filter((key) => key.kid !== kid);
    },
    token: (claims, header = {}) => {
      const fullHeader = { typ: 'JWT', alg: 'RS256', kid: current.kid, ...header };
      const signed = `${segment(fullHeader)}.${segment(claims)}`;
      return `${signed}.${sign('sha256', Buffer.from(signed), current.privateKey).toString('base64url')}`;
    },
  };
}

async function createKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generate('rsa', { modulusLength: 2048 });
  const kid = randomUUID();
  const { kty, n, e } = publicKey.export({ format: 'jwk' });
  return { kid, privateKey, jwk: { kty, n, e, kid, use: 'sig', alg: 'RS256' } as PublicJwk };
}

function segment(value: unknown): string {
  return Buffer.from(JSON.stringify(value), 'utf8').toString('base64url');
}
