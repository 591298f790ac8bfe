import type { Authority } from './authority.ts';
import { text } from './json.ts';
import { type FakeServer, startServer } from './server.ts';
import type { TimestampAuthority } from './timestamp-authority.ts';

export interface TimestampServer extends FakeServer {
  /** The whole address to ask. */
  readonly url: string;
}

const PATH = '/api/v1/timestamp';

/**
 * An authority of RFC 3161 over HTTP.
 *
 * @param plain without TLS, as most public authorities are
 * @param status 201 as Sigstore's authority answers, 200 as all others do
 */
export async function startTimestampServer(
  time: TimestampAuthority,
  authority: Authority,
  { plain = false, status = 200 }: { readonly plain?: boolean; readonly status?: 200 | 201 } = {},
): Promise<TimestampServer> {
  const server = await startServer({ authority, plain }, ({ method, path, headers, bytes }) => {
    if (method !== 'POST' || path !== PATH) return text(404, 'not found');
    if (headers['content-type'] !== 'application/timestamp-query') return text(400, 'not a query');
    return { status, headers: { 'content-type': 'application/timestamp-reply' }, body: time.reply(bytes) };
  });
  return Object.defineProperties(server, { url: { value: `${server.origin}${PATH}` } }) as TimestampServer;
}
