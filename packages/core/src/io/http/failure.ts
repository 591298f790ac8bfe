/** Why a request has no answer. */
export type HttpFailureCode =
  /** The URL is not one that is asked: not https, not absolute, with user information or a fragment. */
  | 'url'
  /** The host's name cannot be resolved. */
  | 'dns'
  /** No connection to the host. */
  | 'connect'
  /** The peer's certificate is not trusted, or it does not speak TLS. */
  | 'tls'
  /** No whole answer in time. */
  | 'timeout'
  /** The connection ended before the answer did. */
  | 'reset'
  /** The body is larger than the caller takes. */
  | 'too_large'
  /** The answer sends elsewhere, which is never followed. */
  | 'redirect'
  /** Another status than 200. */
  | 'status'
  /** Another media type than the caller takes. */
  | 'content_type'
  /** The answer is not HTTP/1.1 as expected here, or is encoded. */
  | 'protocol'
  /** The proxy's setting is unusable, or the proxy did not let the request through. */
  | 'proxy'
  /** The caller gave up. */
  | 'aborted';

/** What one try came to. */
export interface AttemptOutcome {
  readonly status?: number;
  /** Milliseconds that the server asks to wait. */
  readonly retryAfterMs?: number;
  /** Overrides what the code says on whether a further try may help. */
  readonly transient?: boolean;
  /** Values of the request's diagnostic headers. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

const TRANSIENT_CODES: ReadonlySet<HttpFailureCode> = new Set(['dns', 'connect', 'timeout', 'reset']);

/** One try that failed. The message is the part after "GET https://host/path: ". */
export class AttemptFailure extends Error {
  readonly code: HttpFailureCode;
  readonly outcome: AttemptOutcome;

  constructor(code: HttpFailureCode, message: string, outcome: AttemptOutcome = {}) {
    super(message, outcome.cause === undefined ? undefined : { cause: outcome.cause });
    this.name = 'AttemptFailure';
    this.code = code;
    this.outcome = outcome;
  }

  /** Whether the same question may get an answer a little later. A denial never does. */
  get transient(): boolean {
    const { status, transient } = this.outcome;
    if (transient !== undefined) return transient;
    if (this.code === 'status') return status === 408 || status === 429 || (status !== undefined && status >= 500);
    return TRANSIENT_CODES.has(this.code);
  }
}

/**
 * A request that failed for good. `message` names method, origin and path, never a query, credential or body; the same holds for its
 * causes.
 */
export class HttpFailure extends Error {
  readonly code: HttpFailureCode;
  /** The last answer's status, where there was one. */
  readonly status: number | undefined;
  /** Tries that were made; 0 when none was allowed. */
  readonly attempts: number;
  /** Diagnostic headers of the last answer, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: HttpFailureCode, message: string, attempts: number, outcome: AttemptOutcome = {}) {
    super(message, outcome.cause === undefined ? undefined : { cause: outcome.cause });
    this.name = 'HttpFailure';
    this.code = code;
    this.status = outcome.status;
    this.attempts = attempts;
    this.headers = outcome.headers ?? {};
  }
}
