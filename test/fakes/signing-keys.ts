import { createPublicKey, generateKeyPair, type JsonWebKey, type KeyObject, randomUUID, sign } from 'node:crypto';
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
  /** Every token that was signed, to search for. */
  readonly issued: readonly string[];
  /** The public key that signs now, in PEM: what a confused verifier would take as an HMAC secret. */
  readonly publicKeyPem: string;
  /** No longer publishes the key. */
  withdraw(kid: string): void;
  /** Signs like `token`, and stays with the present key whatever happens to it. */
  signer(): (claims: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>) => string;
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
  const issued: string[] = [];
  const signerOf = (key: SigningKey): ReturnType<SigningKeys['signer']> => {
    return (claims, header = {}) => {
      const signed = `${segment({ typ: 'JWT', alg: 'RS256', kid: key.kid, ...header })}.${segment(claims)}`;
      const token = `${signed}.${sign('sha256', Buffer.from(signed), key.privateKey).toString('base64url')}`;
      issued.push(token);
      return token;
    };
  };
  return {
    get kid() {
      return current.kid;
    },
    issued,
    get publicKeyPem() {
      return createPublicKey(current.privateKey).export({ type: 'spki', format: 'pem' }).toString();
    },
    jwks: () => ({ keys: published.map(({ jwk }) => jwk) }),
    rotate: async () => {
      current = await createKey();
      published = [...published, current];
    },
    withdraw: (kid) => {
      published = published.filter((key) => key.kid !== kid);
    },
    signer: () => signerOf(current),
    token: (claims, header) => signerOf(current)(claims, header),
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
