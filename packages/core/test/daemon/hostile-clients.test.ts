import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MAX_DAEMON_LINE_BYTES } from '../../src/domain/limits.ts';
import {
  APPROVED,
  askPlain,
  daemonFiles,
  exchange,
  open,
  proven,
  provenByIdentity,
  type RunningDaemon,
  startDaemon,
} from './harness.ts';

let daemon: RunningDaemon;
beforeAll(async () => {
  daemon = await startDaemon(daemonFiles({ limits: { connections: 16 } }));
});
afterAll(async () => {
  await daemon.stop();
  daemon.files.remove();
});

/** What a client gets, and how long it had to wait for its end. */
async function fate(socket: Socket, from = Date.now()): Promise<{ readonly text: string; readonly ms: number }> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  await new Promise<void>((resolve) => {
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
  });
  return { text, ms: Date.now() - from };
}

const isWell = async () => expect((await daemon.client.evaluate(proven(APPROVED))).response.decision).toBe('allow');

describe('a client that', () => {
  it('says nothing, sends a byte now and then, or never reads its answer is sent away after five seconds', async () => {
    const silent = fate(await open(daemon.files.socket));
    const drip = await open(daemon.files.socket);
    const dripping = setInterval(() => drip.write(' '), 200);
    const deaf = await Promise.all(Array.from({ length: 8 }, () => open(daemon.files.socket)));
    for (const socket of deaf) {
      socket.pause();
      socket.write(`${JSON.stringify(provenByIdentity({ ...APPROVED, target: 'x'.repeat(900_000) }))}\n`);
    }
    await isWell();
    const { text, ms } = await silent;
    expect(ms).toBeGreaterThan(4_000);
    expect(ms).toBeLessThan(7_000);
    expect(text).toMatch(/not sent in time/);
    await fate(drip);
    clearInterval(dripping);
    // The one that asks is the only one left.
    for (let waited = 0; waited < 8_000 && (await daemonConnections()) > 1; waited += 100) await sleep(100);
    expect(await daemonConnections()).toBe(1);
    for (const socket of deaf) socket.destroy();
    await isWell();
  }, 20_000);

  it.each([
    ['a line without end', Buffer.alloc(MAX_DAEMON_LINE_BYTES * 4, 'x')],
    ['a line that is too long', Buffer.concat([Buffer.alloc(MAX_DAEMON_LINE_BYTES + 1, 'x'), Buffer.from('\n')])],
    ['100 MB', Buffer.alloc(100_000_000, '[')],
  ])('sends %s is told so, and costs no memory', async (_, bytes) => {
    const before = process.memoryUsage().rss;
    const socket = await open(daemon.files.socket);
    socket.write(bytes);
    const { text, ms } = await fate(socket);
    expect(text === '' || text.includes('too long')).toBe(true);
    expect(ms).toBeLessThan(3_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(300_000_000);
    await isWell();
  });

  it.each([
    ['garbage', 'GET / HTTP/1.1\r\n\r\n'],
    ['nothing but a line end', '\n'],
    [
      'binary',
      `${Buffer.from(Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== 10)).toString('latin1')}\n`,
    ],
    ['JSON that is no object', '[1,2,3]\n'],
    ['a nesting of 100,000', `${'['.repeat(100_000)}\n`],
    ['duplicate members', '{"target":"a","target":"b"}\n'],
    ['unknown members', '{"targets":"a"}\n'],
    ['a number beyond 64 bits', '{"release_governance":{"blocked_count":9223372036854775808}}\n'],
    ['half of a surrogate pair', '{"target":"\\ud800"}\n'],
    ['an unknown protocol', '{"protocol":"another","operation":"hello","nonce":"00000000000000000000000000000000"}\n'],
    [
      'an operation that does not exist',
      `{"protocol":"cavra.release-governance.daemon.v1","operation":"dump","nonce":"${'0'.repeat(32)}"}\n`,
    ],
    ['a nonce that is none', '{"protocol":"cavra.release-governance.daemon.v1","operation":"hello","nonce":"x"}\n'],
    [
      'members that an operation has not',
      `{"protocol":"cavra.release-governance.daemon.v1","operation":"hello","nonce":"${'0'.repeat(32)}","x":1}\n`,
    ],
    ['prototype names', '{"__proto__":{"target":"a"},"constructor":1}\n'],
  ])('sends %s gets an error that nobody can take for a decision', async (_, text) => {
    const answer = JSON.parse(await exchange(daemon.files.socket, text));
    expect(answer).toEqual(['error', { code: 'CAVRA-E204', message: expect.any(String) }]);
    await isWell();
  });

  it('closes its half of the connection is answered all the same', async () => {
    const socket = connect({ path: daemon.files.socket, allowHalfOpen: true });
    socket.end(`${JSON.stringify(provenByIdentity(APPROVED))}\n`);
    const { text } = await fate(socket);
    expect(JSON.parse(text)).toMatchObject({ decision: 'allow' });
  });

  it('closes its half within a line is told that the line has no end', async () => {
    const socket = connect({ path: daemon.files.socket, allowHalfOpen: true });
    socket.end('{"target":"prod"}');
    const { text } = await fate(socket);
    expect(text).toMatch(/no line end/);
  });

  it('goes away before it is answered disturbs nobody', async () => {
    const sockets = await Promise.all(Array.from({ length: 10 }, () => open(daemon.files.socket)));
    for (const socket of sockets) {
      socket.write(`${JSON.stringify(provenByIdentity(APPROVED))}\n`);
      socket.destroy();
    }
    await isWell();
  });

  it('sends several lines at once on an extended connection gets their answers in order', async () => {
    const hello = (nonce: string) =>
      `{"protocol":"cavra.release-governance.daemon.v1","operation":"hello","nonce":"${nonce.repeat(32)}"}\n`;
    const socket = connect({ path: daemon.files.socket, allowHalfOpen: true });
    socket.end(hello('a') + hello('b') + hello('c'));
    const { text } = await fate(socket);
    const nonces = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(Buffer.from(JSON.parse(line).payload, 'base64').toString('utf8')).nonce[0]);
    expect(nonces).toEqual(['a', 'b', 'c']);
  });
});

describe('too many clients', () => {
  it('are told to come again, and those who hold on are let go in time', async () => {
    // Who came before and is only just going may have a place yet; nobody else but these can.
    const sockets = await Promise.all(Array.from({ length: 24 }, () => open(daemon.files.socket)));
    const fates = sockets.map((socket) => fate(socket));
    // A patient client gets through as soon as there is room again.
    await isWell().catch(async () => isWell());
    const texts = (await Promise.all(fates)).map(({ text }) => text);
    const refused = texts.filter((text) => text.includes('as many connections as it may have'));
    const letGo = texts.filter((text) => text.includes('not sent in time'));
    expect(refused.length).toBeGreaterThanOrEqual(8);
    expect(refused.length + letGo.length).toBe(24);
  }, 20_000);

  it('cannot keep the others out by coming faster than they are refused', async () => {
    const storm = Array.from({ length: 300 }, () => open(daemon.files.socket).catch(() => undefined));
    const sockets = await Promise.all(storm);
    for (const socket of sockets) socket?.destroy();
    await isWell();
    expect(await askPlain(daemon.files.socket, provenByIdentity(APPROVED))).toMatchObject({ decision: 'allow' });
  });
});

async function daemonConnections(): Promise<number> {
  const { readFileSync } = await import('node:fs');
  const control = JSON.parse(readFileSync(`${daemon.files.state}/control.json`, 'utf8'));
  return (await daemon.client.status(Buffer.from(control.secret, 'hex'))).connections;
}
