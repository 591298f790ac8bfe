import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runCli } from '../../support/cli.ts';
import { readRepositoryFile } from '../../support/repository.ts';

const NAME = 'cavra-release-governance.service';
const UNIT = readRepositoryFile(`examples/daemon/${NAME}`);
const CONFIGURATION = JSON.parse(readRepositoryFile('examples/daemon/daemon.json'));
const KEYRING = JSON.parse(readRepositoryFile('examples/daemon/keyring.json'));

/** Every value of a member of the unit, in order. */
function values(member: string): string[] {
  return [...UNIT.matchAll(new RegExp(`^${member}=(.*)$`, 'gm'))].map(([, value = '']) => value);
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cavra-unit-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const onLinux = process.platform === 'linux' ? describe : describe.skip;

function analyze(...args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync('systemd-analyze', args, { encoding: 'utf8', env: { PATH: process.env['PATH'], LC_ALL: 'C' } });
}

/** The unit as it is, but for where this machine has Node. */
function unitFile(): string {
  const path = join(folder, NAME);
  writeFileSync(path, UNIT.replace('/usr/bin/node', process.execPath));
  return path;
}

onLinux('the systemd unit', () => {
  it('is one without any fault', () => {
    const { status, stdout, stderr } = analyze('verify', '--man=no', unitFile());
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('leaves little exposed', () => {
    const { status, stdout } = analyze('security', '--offline=true', '--threshold=15', unitFile());
    expect(stdout).toMatch(/Overall exposure level for cavra-release-governance\.service: [01]\.\d OK/);
    expect(status).toBe(0);
  });

  it('allows every system call that the daemon makes', () => {
    const groups = new Map<string, readonly string[]>();
    let group = '';
    for (const line of analyze('syscall-filter').stdout.split('\n')) {
      if (line.startsWith('@')) group = line.trim();
      const call = /^ {4}(@?[a-z0-9_-]+)$/.exec(line)?.[1];
      if (call !== undefined) groups.set(group, [...(groups.get(group) ?? []), call]);
    }
    const expand = (name: string): readonly string[] =>
      name.startsWith('@') ? (groups.get(name) ?? []).flatMap(expand) : [name];
    expect(expand('@system-service')).toContain('read');
    const allowed = new Set<string>();
    for (const line of values('SystemCallFilter')) {
      const names = line.replace('~', '').split(' ').flatMap(expand);
      for (const name of names) line.startsWith('~') ? allowed.delete(name) : allowed.add(name);
    }
    expect(CALLS.split(' ').filter((call) => !allowed.has(call))).toEqual([]);
    // One that is not allowed is no reason to die in the middle of a request.
    expect(values('SystemCallErrorNumber')).toEqual(['EPERM']);
  });
});

/** What `strace -f` of a daemon shows that starts, answers, gives its socket to a group, reloads and stops; on x86-64. */
const CALLS =
  'futex epoll_pwait read mmap write rt_sigprocmask mprotect openat close statx madvise munmap newfstatat prctl rt_sigaction readlink brk rseq set_robust_list exit clone3 getpid fcntl epoll_ctl geteuid getdents64 prlimit64 getuid getgid getegid fstat execve fsync pwrite64 mkdir pread64 unlink uname access socket ioctl getrandom shutdown set_tid_address pipe2 gettid connect arch_prctl accept4 lseek eventfd2 epoll_create1 rename fstatfs fdatasync chmod sysinfo sched_getaffinity pkey_alloc listen getppid getcwd exit_group chown bind kill ftruncate lstat setsockopt getsockopt getpeername sendto recvfrom utimensat';

describe('unit, configuration and keyring of the example', () => {
  const run = `/run/${values('RuntimeDirectory')[0]}`;
  const state = `/var/lib/${values('StateDirectory')[0]}`;
  const credentials = `/run/credentials/${NAME}`;

  it('speak of the same places', () => {
    expect(dirname(CONFIGURATION.socket.path)).toBe(run);
    expect([CONFIGURATION.state_folder, CONFIGURATION.evidence_folder].map(dirname)).toEqual([state, state]);
    const loaded = values('LoadCredential').map((value) => `${credentials}/${value.split(':')[0]}`);
    const named = [CONFIGURATION.signing_key.private_key.file, KEYRING.keys[0].secret.file];
    expect(named.sort()).toEqual(loaded.sort());
    expect(values('Group')).toEqual([CONFIGURATION.socket.group]);
    expect(values('ExecStart')[0]).toMatch(/ daemon run --config \/etc\/cavra-release-governance\/daemon\.json$/);
  });

  it('run a daemon in folders as systemd makes them', async () => {
    const place = (path: string, mode: number) => {
      mkdirSync(join(folder, path), { recursive: true });
      chmodSync(join(folder, path), mode);
    };
    place(run, 0o750);
    place(state, 0o700);
    place(credentials, 0o700);
    place('/etc/cavra-release-governance', 0o755);
    const made = spawnSync(
      'sh',
      ['-euc', 'umask 077; openssl rand -hex 32 > evidence.key; openssl genpkey -algorithm ed25519 -out daemon.pem'],
      { cwd: join(folder, credentials) },
    );
    expect(made.status).toBe(0);
    const etc = (name: string, text: string) => {
      const path = join(folder, 'etc/cavra-release-governance', name);
      writeFileSync(path, text.replaceAll(/"\/(run|var)\//g, `"${folder}/$1/`), { mode: 0o644 });
      return path;
    };
    const { group: _jobs, ...socket } = CONFIGURATION.socket;
    const group = process.getegid?.() ?? 0;
    const config = etc('daemon.json', JSON.stringify({ ...CONFIGURATION, socket: { ...socket, group } }));
    etc('keyring.json', JSON.stringify(KEYRING));
    etc('trust-policy.yaml', readRepositoryFile('examples/trust-policy-github.yaml'));
    const daemon = (command: string) =>
      runCli(['daemon', command, '--config', config], { workingDirectory: folder, environment: {} });
    expect(await daemon('start')).toMatchObject({ status: 0, stderr: '' });
    expect((await daemon('status')).stdout).toContain('release-gate.example');
    expect((await daemon('stop')).status).toBe(0);
  });
});
