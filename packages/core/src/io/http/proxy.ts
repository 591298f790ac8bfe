import { AttemptFailure } from './failure.ts';
import type { ProxySettings } from './http-client.ts';
import type { Target } from './target.ts';

/** A proxy as it is dialled. */
export interface ProxyRoute {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** Value of Proxy-Authorization: a secret. */
  readonly authorization?: string;
}

/**
 * The proxy that an environment names: `https_proxy` before `HTTPS_PROXY`, `no_proxy` before `NO_PROXY`, as curl has it.
 *
 * @returns undefined where none is set
 */
export function proxyFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): ProxySettings | undefined {
  const url = environment['https_proxy'] || environment['HTTPS_PROXY'];
  if (!url) return undefined;
  const noProxy = environment['no_proxy'] || environment['NO_PROXY'];
  return noProxy ? { url, noProxy } : { url };
}

/**
 * The proxy for a target, or undefined for a direct connection.
 *
 * @throws AttemptFailure `proxy` when the setting is no proxy URL; it may hold a password and is not shown
 */
export function proxyFor(target: Target, settings: ProxySettings | undefined): ProxyRoute | undefined {
  if (settings === undefined || isExempt(target, settings.noProxy ?? '')) return undefined;
  const text = settings.url.trim();
  const absolute = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(absolute) ? new URL(absolute) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.hostname === '') {
    throw new AttemptFailure('proxy', 'the proxy setting is not an http:// or https:// URL');
  }
  const secure = url.protocol === 'https:';
  const authorization = basicAuthorization(url);
  return {
    secure,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    ...(authorization === undefined ? {} : { authorization }),
  };
}

function basicAuthorization(url: URL): string | undefined {
  if (url.username === '' && url.password === '') return undefined;
  try {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    return `Basic ${Buffer.from(credentials, 'utf8').toString('base64')}`;
  } catch {
    throw new AttemptFailure('proxy', 'user or password of the proxy setting are not percent-encoded correctly');
  }
}

/**
 * Whether NO_PROXY exempts the target. Entries are separated by commas or blanks: `*` is everyone; `host`, `.host` and `*.host` are the
 * host and all below it; each may end in `:port`. Letter case and a final dot do not matter. Address ranges (CIDR) are not understood.
 */
function isExempt(target: Target, noProxy: string): boolean {
  const host = normalName(target.host);
  return noProxy
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => entry === '*' || entryMatches(entry, host, target.port));
}

function entryMatches(entry: string, host: string, port: number): boolean {
  const [, bracketed, bare, portText] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(entry) ?? [];
  // An IPv6 address without brackets has colons of its own, and so no port.
  const named = normalName(bracketed ?? bare ?? entry).replace(/^\*?\./, '');
  if (portText !== undefined && Number(portText) !== port) return false;
  return named !== '' && (host === named || host.endsWith(`.${named}`));
}

function normalName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
