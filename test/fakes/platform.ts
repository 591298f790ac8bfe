import type { Answer } from './faults.ts';
import { json, text } from './json.ts';
import { type FakeServer, type FakeServerOptions, type SeenRequest, startServer } from './server.ts';
import { createSigningKeys, type SigningKeys } from './signing-keys.ts';

export interface PlatformOptions extends FakeServerOptions {
  /** Unix ms, for the times in tokens; by default the machine's clock. */
  readonly now?: () => number;
  /** Sent with the JWKS, for example `max-age=60`. */
  readonly cacheControl?: string;
}

/** What the fakes of all platforms have. */
export interface Platform extends FakeServer {
  readonly issuer: string;
  readonly jwksUrl: string;
  readonly keys: SigningKeys;
  /** The JWKS requests among all requests. */
  readonly jwksRequests: number;
  /**
   * Signs any claims with the platform's key, for tokens that the platform itself would not issue.
   *
   * @param header members in place of the usual ones
   */
  mint(claims: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): string;
}

export type Environment = Readonly<Record<string, string>>;

/** A job that runs on a fake platform. */
export interface FakeJob {
  /** What the platform puts into the job's environment, its credential included. */
  readonly environment: Environment;
  /** The claims of the token that the job is given or can ask for, times included. */
  claims(audience?: string): Readonly<Record<string, unknown>>;
}

/**
 * Starts the server of a platform.
 *
 * @param jwksPath path of its JWKS
 * @param issuerOf its issuer, from its origin
 * @param answer what it says to anything but a request for the JWKS; undefined: 404
 */
export async function startIssuer(
  options: PlatformOptions,
  jwksPath: string,
  issuerOf: (origin: string) => string,
  answer: (request: SeenRequest, keys: SigningKeys) => Answer | undefined,
): Promise<Platform> {
  const keys = await createSigningKeys();
  let jwksRequests = 0;
  const server = await startServer(options, (request) => {
    if (request.path !== jwksPath) return answer(request, keys) ?? text(404, 'not found');
    jwksRequests += 1;
    const { cacheControl } = options;
    return json(200, keys.jwks(), cacheControl === undefined ? {} : { 'cache-control': cacheControl });
  });
  // The server's members are live: they are kept as they are, not copied.
  return Object.defineProperties(server, {
    issuer: { value: issuerOf(server.origin) },
    jwksUrl: { value: `${server.origin}${jwksPath}` },
    keys: { value: keys },
    jwksRequests: { get: () => jwksRequests },
    mint: { value: keys.token },
  }) as Platform;
}
