import { ConfigurationError } from '../../../diagnosis.ts';

/** Visible ASCII in lower-case https: URL parsers would silently drop or repair anything else. */
const PLAIN = /^https:\/\/[!-~]+$/u;

/**
 * Gives the text back when it is a plain https address: no credentials, no fragment.
 *
 * @param what how messages call it
 * @throws ConfigurationError CAVRA-E211
 */
export function requireHttps(text: string, what: string): string {
  const url = parse(text);
  const plain = PLAIN.test(text) && url?.username === '' && url.password === '' && url.hash === '';
  if (!plain || url.protocol !== 'https:') {
    throw new ConfigurationError('CAVRA-E211', `${what} must be an https address without credentials or fragment`);
  }
  return text;
}

/** The origin of a server's address that has nothing behind its host but an optional slash; undefined for anything else. */
export function httpsOrigin(text: string): string | undefined {
  const url = parse(text);
  if (url === undefined || url.protocol !== 'https:' || (text !== url.origin && text !== `${url.origin}/`)) {
    return undefined;
  }
  return url.origin;
}

export function originOf(text: string): string | undefined {
  return parse(text)?.origin;
}

function parse(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
