import { AttemptFailure } from './failure.ts';

/** Where a request goes. */
export interface Target {
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

const HTTPS_PORT = 443;
const MAX_SHOWN_LENGTH = 160;

/** @throws AttemptFailure `url` for anything but an absolute https URL without user information and fragment */
export function parseTarget(text: string): Target {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:') throw new AttemptFailure('url', 'not an https URL');
  if (url.username !== '' || url.password !== '') throw new AttemptFailure('url', 'a URL with user information');
  if (text.includes('#')) throw new AttemptFailure('url', 'a URL with a fragment');
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? HTTPS_PORT : Number(url.port),
    path: `${url.pathname}${url.search}`,
    authority: url.host,
    shown: `${url.origin}${url.pathname}`.slice(0, MAX_SHOWN_LENGTH),
  };
}
