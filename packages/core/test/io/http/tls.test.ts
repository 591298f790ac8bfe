import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build, stop } from 'esbuild';
import { type Authority, createAuthority } from '../../../../../test/fakes/authority.ts';
import { json } from '../../../../../test/fakes/json.ts';
import { type FakeServer, startServer } from '../../../../../test/fakes/server.ts';
import { nodeBinaries } from '../../../../../test/support/node-versions.ts';
import { root } from '../../../../../test/support/repository.ts';
import { clientOf, failureOf, get } from './harness.ts';

let authority: Authority;
let server: FakeServer;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cavra-client-'));
  await build({
    stdin: { contents: PROGRAM, resolveDir: join(root, 'packages/core/src/io/http'), loader: 'ts' },
    outfile: join(folder, 'client.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
  });
  authority = createAuthority();
  server = await startServer({ authority }, () => json(200, {}));
});

afterAll(async () => {
  await server.close();
  authority.dispose();
  rmSync(folder, { recursive: true });
  await stop();
});

const trusting = () => clientOf({ ca: [authority.certificate] });

describe('the certificate', () => {
  it('of an unknown authority is refused, without a second try', async () => {
    const before = server.requests.length;
    const failure = await failureOf(clientOf().request(get(`${server.origin}/`)), 'tls');
    expect(failure.attempts).toBe(1);
    expect(failure.message).toContain('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    expect(server.requests.length).toBe(before);
  });

  it('of another authority is refused', async () => {
    const other = createAuthority('Somebody else');
    const failure = await failureOf(clientOf({ ca: [other.certificate] }).request(get(`${server.origin}/`)), 'tls');
    expect(failure.attempts).toBe(1);
    other.dispose();
  });

  it.each([
    ['for another name', ['other.example'], undefined, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [
      'that is expired',
      ['localhost'],
      { notBefore: 1_000_000_000_000, notAfter: 1_100_000_000_000 },
      'CERT_HAS_EXPIRED',
    ],
    [
      'that is not valid yet',
      ['localhost'],
      { notBefore: 4_000_000_000_000, notAfter: 4_100_000_000_000 },
      'CERT_NOT_YET_VALID',
    ],
  ] as const)('%s is refused', async (_name, names, period, code) => {
    const wrong = await startServer({ authority, certificate: authority.issue(names, period) }, () => json(200, {}));
    try {
      const failure = await failureOf(trusting().request(get(`${wrong.origin}/`)), 'tls');
      expect(failure.attempts).toBe(1);
      expect(failure.message).toContain(code);
      expect(wrong.requests).toHaveLength(0);
    } finally {
      await wrong.close();
    }
  });

  it('for a name is not one for an address', async () => {
    const named = await startServer({ authority, certificate: authority.issue(['localhost']) }, () => json(200, {}));
    try {
      await failureOf(trusting().request(get(`https://127.0.0.1:${named.port}/`)), 'tls');
    } finally {
      await named.close();
    }
  });

  it('is missing where the peer speaks plain HTTP', async () => {
    const plain = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const address = plain.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      const failure = await failureOf(trusting().request(get(`https://127.0.0.1:${port}/`)), 'tls');
      expect(failure.attempts).toBe(1);
    } finally {
      plain.close();
    }
  });
});

describe.each(nodeBinaries())('in a process of $name, the environment', (node) => {
  it('adds an authority by NODE_EXTRA_CA_CERTS', async () => {
    expect(await outcomeIn(node.path, { NODE_EXTRA_CA_CERTS: authority.file })).toBe('answered');
  });

  it('keeps it beside an authority that is given explicitly, where Node can list it', async () => {
    const other = createAuthority('Somebody else');
    const outcome = await outcomeIn(node.path, { NODE_EXTRA_CA_CERTS: authority.file }, [other.certificate]);
    expect(outcome).toBe(node.name === 'node20' ? 'tls' : 'answered');
    other.dispose();
  });

  it('cannot switch the check off', async () => {
    expect(await outcomeIn(node.path, { NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toBe('tls');
  });
});

/** Runs the client in a process of its own; returns `answered` or the failure's code. */
async function outcomeIn(node: string, environment: Record<string, string>, ca: readonly string[] = []) {
  const script = join(folder, 'client.mjs');
  const child = spawn(node, [script, `${server.origin}/`, JSON.stringify(ca)], {
    env: environment,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  await once(child, 'close');
  return output.trim();
}

const PROGRAM = `
  import { createHttpClient } from './client.ts';
  const [url, ca] = process.argv.slice(2);
  const client = createHttpClient({
    now: Date.now,
    sleep: async () => {},
    randomBytes: (size) => new Uint8Array(size),
    ca: JSON.parse(ca),
  });
  client
    .request({ method: 'GET', url, contentTypes: ['application/json'], maxBytes: 100, deadline: Date.now() + 5000 })
    .then(() => console.log('answered'), (failure) => console.log(failure.code));`;

describe('the fake authority', () => {
  it('makes certificates that the platform’s TLS verifies for exactly their names', async () => {
    const socket = connect({
      host: '127.0.0.1',
      port: server.port,
      servername: 'localhost',
      ca: authority.certificate,
    });
    await once(socket, 'secureConnect');
    expect(socket.authorized).toBe(true);
    expect(socket.getPeerCertificate().subjectaltname).toBe('DNS:localhost, IP Address:127.0.0.1');
    socket.destroy();
  });
});
