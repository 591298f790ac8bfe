import type { AuthenticationError } from '../../domain/diagnosis.ts';
import type { Environment } from '../../domain/identity/sources.ts';
import type { Provider } from '../../domain/wire/messages.ts';
import type { HttpClient } from '../http/http-client.ts';

/** Where a token was found, or whom it was asked of. */
export type TokenSource =
  /** `variable` or file named by the configuration, on any platform. */
  | 'configured-variable'
  | 'configured-file'
  /** Asked of the platform's token service. */
  | 'github-token-service'
  | 'azure-token-service'
  /** Put into the job's environment by the platform. */
  | 'gitlab-variable'
  | 'azure-variable';

export interface AcquiredToken {
  /** The compact JWT, unverified: a secret until it expires. */
  readonly token: string;
  readonly source: TokenSource;
  /** The environment variable that held the token or its file's path. */
  readonly variable?: string;
  /** One sentence each, for the reader of the job's log. */
  readonly warnings: readonly string[];
}

export interface TokenOptions {
  readonly provider: Provider;
  readonly environment: Environment;
  /** Asked for where the platform lets one choose (GitHub). */
  readonly audience: string;
  /** Azure: the service connection that the token is to speak for; a GUID. Without it, the pipeline's own token. */
  readonly serviceConnectionId?: string;
  readonly http: HttpClient;
  /** Unix ms by which the caller needs the token; the platform is given TOKEN_REQUEST_MS at most. */
  readonly deadline: number;
  readonly signal?: AbortSignal;
}

/** Where the token is to come from, found without a question to anybody. */
export interface LocatedToken {
  readonly source: TokenSource;
  readonly variable?: string;
  /** @throws AuthenticationError, ConfigurationError */
  acquire(options: TokenOptions): Promise<AcquiredToken>;
}

/** The job has no token and nobody to ask for one. */
export interface NoToken {
  readonly source: 'none';
  /** E301, E310 or E311, naming the true cause as far as the environment tells it. */
  readonly reason: AuthenticationError;
}

/** Finds out where one platform's token is to come from. */
export type Locate = (environment: Environment) => Promise<LocatedToken | NoToken>;
