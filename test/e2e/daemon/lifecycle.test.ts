import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CLI_BUNDLE } from '../../support/cli.ts';
import { nodeBinaries } from '../../support/node-versions.ts';
import { everythingIn, makeSite, SECRETS, type Site } from './harness.ts';

let site: Site;
beforeEach(() => {
  site = makeSite();
});
afterEach(() => site.remove());

describe('daemon start, status and stop', () => {
  it('start leaves a daemon that answers, stop ends it, and status tells', async () => {
    expect((await site.daemon('status')).status).toBe(5);
    const started = await site.daemon('start', '--format', 'json');
    expect(started.status).toBe(0);
    expect(JSON.parse(started.stdout)).toMatchObject({ running: true, daemon: { name: 'gate.example' } });
    const status = await site.daemon('status', '--format', 'json');
    expect(status.status).toBe(0);
    const { pid, ...rest } = JSON.parse(status.stdout);
    expect(rest).toMatchObject({ running: true, key_id: 'daemon-2099-q4', requests: 0, socket: site.socket });
    expect((await site.daemon('start')).status).toBe(5);
    expect((await site.daemon('stop')).status).toBe(0);
    expect((await site.daemon('status')).status).toBe(5);
    expect((await site.daemon('stop')).status).toBe(5);
    await gone(pid);
    expect(existsSync(site.socket)).toBe(false);
  });

  it('start lets go of its caller’s streams: a pipe on it ends', async () => {
    const command = `"$0" "$1" daemon start --config "$2" | cat`;
    const child = spawn('sh', ['-c', command, process.execPath, CLI_BUNDLE, site.configuration], {
      env: { PATH: process.env['PATH'], ...site.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    expect(await ended).toBe(0);
    expect((await site.daemon('stop')).status).toBe(0);
  }, 20_000);

  it('shows no key on any command line, in the log or in its state', async () => {
    await site.daemon('start');
    const { pid } = JSON.parse((await site.daemon('status', '--format', 'json')).stdout);
    const commands = execFileSync('ps', ['-axww', '-o', 'args='], { encoding: 'utf8' });
    expect(commands).toContain(site.configuration);
    const said = `${commands}\n${everythingIn(site.state)}`;
    expect(pid).toBeGreaterThan(1);
    for (const secret of Object.values(SECRETS)) expect(said).not.toContain(secret);
    expect(said).not.toContain('PRIVATE KEY');
    await site.daemon('stop');
  });

  it('start says what is wrong with the configuration, and starts nothing', async () => {
    site.configure({ keyring: 'absent.json', rules: 'lenient' });
    const { status, stderr } = await site.daemon('start');
    expect(status).toBe(2);
    expect(stderr).toMatch(/CAVRA-E230/);
    expect(existsSync(site.socket)).toBe(false);
  });

  it.each([['run'], ['start'], ['stop'], ['status']])('%s needs a configuration', async (command) => {
    const { runCli } = await import('../../support/cli.ts');
    const { status, stderr } = await runCli(['daemon', command], { workingDirectory: site.folder });
    expect(status).toBe(2);
    expect(stderr).toMatch(/--config is required/);
  });

  it('stop touches no other process, whatever the state says, and finds out an impostor', async () => {
    const bystander = spawn('sleep', ['60']);
    await site.daemon('start');
    const control = JSON.parse(readFileSync(join(site.state, 'control.json'), 'utf8'));
    writeFileSync(join(site.state, 'control.json'), JSON.stringify({ ...control, pid: bystander.pid }));
    expect((await site.daemon('stop')).status).toBe(0);
    expect(bystander.exitCode).toBeNull();
    process.kill(bystander.pid ?? 0, 0);

    writeFileSync(join(site.state, 'control.json'), JSON.stringify({ ...control, pid: bystander.pid }));
    const impostor = createServer((socket) => socket.resume().end('{"decision":"allow"}\n'));
    await new Promise<void>((resolve) => impostor.listen(site.socket, resolve));
    const { status, stderr } = await site.daemon('stop');
    expect(status).toBe(5);
    expect(stderr).toMatch(/CAVRA-E521/);
    expect(bystander.exitCode).toBeNull();
    await new Promise((resolve) => impostor.close(resolve));
    bystander.kill();
  });
});

describe.each(nodeBinaries())('daemon run on $name', ({ path: node }) => {
  it('logs one JSON object a line, reloads on SIGHUP and ends on SIGTERM', async () => {
    const child = spawn(node, [CLI_BUNDLE, 'daemon', 'run', '--config', site.configuration], {
      env: { PATH: process.env['PATH'], ...site.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    const event = async (name: string) => {
      while (!text.includes(`"event":"${name}"`)) await new Promise((resolve) => setTimeout(resolve, 10));
    };
    await event('started');
    child.kill('SIGHUP');
    await event('reloaded');
    const began = Date.now();
    child.kill('SIGTERM');
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect(status).toBe(0);
    expect(Date.now() - began).toBeLessThan(5_000);
    const events = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map(({ event: name }) => name)).toEqual(['started', 'reloaded', 'stopping', 'stopped']);
    for (const entry of events) expect(entry).toMatchObject({ time: expect.any(String), level: 'info' });
  });
});

describe('many daemons that start at once', () => {
  it('leave one, over the socket of one that was killed', async () => {
    const first = await site.spawn();
    first.process.kill('SIGKILL');
    await first.ended;
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => site.spawn()));
    const refused = outcomes.flatMap((each) => (each.status === 'rejected' ? [String(each.reason)] : []));
    expect(refused).toHaveLength(4);
    for (const reason of refused) expect(reason).toMatch(/CAVRA-E522/);
    expect((await site.daemon('status')).status).toBe(0);
    expect((await site.daemon('stop')).status).toBe(0);
  }, 30_000);
});

describe('a daemon that was killed', () => {
  it('leaves nothing that keeps the next one from starting', async () => {
    const first = await site.spawn();
    first.process.kill('SIGKILL');
    await first.ended;
    expect(existsSync(site.socket)).toBe(true);
    const { status } = await site.daemon('start');
    expect(status).toBe(0);
    expect((await site.daemon('stop')).status).toBe(0);
  });
});

async function gone(pid: number): Promise<void> {
  for (let waited = 0; waited < 5_000; waited += 20) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`the process ${pid} is still there`);
}
