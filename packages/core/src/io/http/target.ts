import { AttemptFailure } from './failure.ts';

/** Where a request goes. */
export interface Target {
  /** Whether TLS is spoken with it. */
  readonly secure: boolean;
  /** Name or address, without the brackets of IPv6. */
  readonly host: string;
  readonly port: number;
  /** Path and query. */
  readonly path: string;
  /** Value of the Host header. */
  readonly authority: string;
  /** Origin and path without the query: what may be shown. */
  readonly shown: string;
}

const PORTS: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80 };
const MAX_SHOWN_LENGTH = 160;

/**
 * @param plainAllowed whether `http:` is accepted as well
 * @throws AttemptFailure `url` for anything but an absolute https URL without user information and fragment
 */
export function parseTarget(text: string, plainAllowed = false): Target {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const port = PORTS[url?.protocol ?? ''];
  if (url === undefined || port === undefined || (url.protocol !== 'https:' && !plainAllowed)) {
    throw new AttemptFailure('url', plainAllowed ? 'not an https or http URL' : 'not an https URL');
  }
  if (url.username !== '' || url.password !== '') throw new AttemptFailure('url', 'a URL with user information');
  if (text.includes('#')) throw new AttemptFailure('url', 'a URL with a fragment');
  return {
    secure: url.protocol === 'https:',
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? port : Number(url.port),
    path: `${url.pathname}${url.search}`,
    authority: url.host,
    shown: `${url.origin}${url.pathname}`.slice(0, MAX_SHOWN_LENGTH),
  };
}
