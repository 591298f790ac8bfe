import { AttemptFailure } from './failure.ts';

/** How far a try has come: it says what an error of the socket means. */
export type Stage = 'connect' | 'tls' | 'exchange';

const CLOSED = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE']);
const MAX_REASON_LENGTH = 200;

/**
 * Translates an error of a socket or of Node's HTTP parser.
 *
 * Node's error is not kept as the cause: its members can hold the raw bytes of the answer, and so a token. What is kept is its code
 * and, for TLS, its reason, which speaks of certificates only.
 */
export function socketFailure(error: unknown, stage: Stage): AttemptFailure {
  if (error instanceof AttemptFailure) return error;
  const code = codeOf(error);
  const cause = new Error(code === '' ? 'unnamed socket error' : code);

  if (code.startsWith('ERR_INVALID') || code.startsWith('ERR_UNESCAPED') || code.startsWith('ERR_HTTP_INVALID')) {
    return new AttemptFailure('protocol', `a request that HTTP cannot carry (${code})`, { cause });
  }
  if (syscallOf(error) === 'getaddrinfo') {
    return new AttemptFailure('dns', `the host's name cannot be resolved (${code})`, { cause });
  }
  if (stage === 'connect') return new AttemptFailure('connect', `no connection (${code || 'failed'})`, { cause });
  if (CLOSED.has(code)) return new AttemptFailure('reset', 'the connection was dropped', { cause });
  if (code === 'ETIMEDOUT') return new AttemptFailure('timeout', 'the connection timed out', { cause });
  if (stage === 'tls' || /^ERR_(SSL|TLS|OSSL)/.test(code)) {
    return new AttemptFailure('tls', `no trusted TLS connection (${reasonOf(error)})`, { cause });
  }
  return new AttemptFailure('protocol', `not a valid HTTP answer (${code || 'failed'})`, { cause });
}

function codeOf(error: unknown): string {
  return text(error, 'code');
}

function syscallOf(error: unknown): string {
  return text(error, 'syscall');
}

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  const reason = text(error, 'reason');
  const message = reason === '' && code !== 'EPROTO' && error instanceof Error ? error.message : reason;
  const said = `${code}${message === '' ? '' : `: ${message}`}`;
  return said.replace(/[^\x20-\x7e]+/g, ' ').slice(0, MAX_REASON_LENGTH);
}

function text(error: unknown, member: string): string {
  if (typeof error !== 'object' || error === null) return '';
  const value: unknown = Reflect.get(error, member);
  return typeof value === 'string' ? value : '';
}
