import type { Clock, RandomBytes } from '../../domain/ports.ts';
import type { RetryPolicy } from './retry.ts';

/** One question to a server. Only https, answered with status 200 or not at all. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Absolute https URL without user information and fragment. Its query is never shown in an error. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Media types that are accepted as an answer, in lower case and without parameters. */
  readonly contentTypes: readonly string[];
  /** Greatest body, bytes. */
  readonly maxBytes: number;
  /** Unix ms by which the body is complete, every retry and pause included. */
  readonly deadline: number;
  /** Longest time for all of it, ms from the start, where that ends before the deadline. */
  readonly timeoutMs?: number;
  readonly retry?: RetryPolicy;
  /** Headers of a refusal that may be shown, such as a correlation id; lower case. */
  readonly diagnosticHeaders?: readonly string[];
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly body: Uint8Array;
  /** The first value of a header; names in lower case. */
  readonly header: (name: string) => string | undefined;
  /** Tries that were made, this one included. */
  readonly attempts: number;
}

export interface HttpClient {
  /** @throws HttpFailure */
  request(request: HttpRequest): Promise<HttpResponse>;
}

/** An HTTP proxy and whom it is not for, as the usual variables have them. */
export interface ProxySettings {
  /** `http://` or `https://` URL, user information allowed; without a scheme it is taken as `http://`. */
  readonly url: string;
  /** Hosts reached without the proxy, as in NO_PROXY. */
  readonly noProxy?: string;
}

export interface HttpClientOptions {
  readonly now: Clock;
  /** Resolves after `ms`, or rejects with the signal's reason as soon as it is aborted. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly randomBytes: RandomBytes;
  readonly proxy?: ProxySettings;
  /**
   * Certificate authorities in PEM, trusted besides those that Node trusts (its own and NODE_EXTRA_CA_CERTS). Node 20 cannot list the
   * latter: where this option is used there, it must hold them too.
   */
  readonly ca?: readonly string[];
  /** Product and version, sent as User-Agent. */
  readonly userAgent?: string;
}
