import { spawn } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CLI_BUNDLE, runCli } from '../../support/cli.ts';
import { FLEET_KEY, FLEET_KEY_ID, writeRun } from '../../support/fleet.ts';

const KEYS = { CAVRA_DAEMON_EVIDENCE_HMAC_KEY: FLEET_KEY, CAVRA_DAEMON_EVIDENCE_KEY_ID: FLEET_KEY_ID };
const STREAM = 'release-governance-evidence.jsonl';
/** More than are verified without threads. */
const RUNS = 40;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cavra-audit-'));
  for (let run = 1; run <= RUNS; run += 1) {
    writeRun(bundle(run), { repository: `example-org/shop-${run % 3}`, runId: `${run}` });
  }
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function bundle(run: number): string {
  return join(folder, 'evidence', `team-${run % 4}`, `run-${String(run).padStart(2, '0')}`);
}

function audit(args: readonly string[], environment: Readonly<Record<string, string>> = KEYS) {
  return runCli(['audit', ...args], { workingDirectory: folder, environment });
}

type Line = { readonly kind: string; readonly path: string; readonly [name: string]: unknown };

function linesOf(text: string): Line[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function damage(run: number): void {
  const path = join(bundle(run), STREAM);
  writeFileSync(path, readFileSync(path, 'utf8').replace('production', 'Production'));
}

describe('audit', () => {
  it('says that a fleet is clean, in one line a bundle and a summary', async () => {
    const { status, stdout, stderr } = await audit(['evidence']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(
      stdout.match(/^VALID {7}allow .* run \d+, 1 record, unanchored: evidence\/team-\d\/run-\d\d$/gm),
    ).toHaveLength(RUNS);
    expect(stdout).toMatch(/CAVRA audit {2}CLEAN/);
    expect(stdout).toContain(`${FLEET_KEY_ID}: active, ${RUNS} records in ${RUNS} bundles`);
  });

  it('names what is not valid, blocked, twice there or unreadable, and ends with 4', async () => {
    damage(7);
    writeRun(bundle(8), { repository: 'example-org/shop-2', runId: '8', decision: 'block' });
    cpSync(bundle(9), join(folder, 'evidence/copy'), { recursive: true });
    rmSync(join(bundle(10), STREAM));
    symlinkSync(join(bundle(11), STREAM), join(bundle(10), STREAM));
    const { status, stdout, stderr } = await audit(['evidence', '--format', 'jsonl']);
    expect(status).toBe(4);
    expect(stderr).toContain('CAVRA-E406');
    const [head, ...lines] = linesOf(stdout);
    const summary = lines.pop();
    expect(head).toMatchObject({ kind: 'audit', shard: { index: 1, total: 1 } });
    expect(lines.map(({ path }) => path)).toEqual(lines.map(({ path }) => path).toSorted());
    const byPath = (run: number) => lines.find(({ path }) => path.endsWith(`run-${String(run).padStart(2, '0')}`));
    expect(byPath(6)).toMatchObject({
      status: 'valid',
      repository: 'example-org/shop-0',
      run_id: '6',
      signatures: 'checked',
    });
    expect(byPath(7)).toMatchObject({ status: 'invalid', diagnosis: 'CAVRA-E401', errors: 1 });
    expect(byPath(8)).toMatchObject({ status: 'valid', decision: 'block' });
    expect(byPath(10)).toMatchObject({ status: 'unreadable', diagnosis: 'CAVRA-E216' });
    expect(summary).toMatchObject({
      kind: 'summary',
      bundles: RUNS + 1,
      statuses: { valid: RUNS - 1, invalid: 1, unreadable: 1, unmet: 0 },
      decisions: { allow: RUNS - 2, block: 1, require_approval: 0 },
      complete: false,
    });
    expect(((summary?.['exceptions'] ?? []) as Line[]).map(({ what }) => what).toSorted()).toEqual([
      'duplicate',
      'not_allowed',
      'not_valid',
      'not_valid',
    ]);
  });

  it('counts runs that are missing, and bundles that nobody expected', async () => {
    rmSync(bundle(5), { recursive: true });
    damage(6);
    const expected = [4, 5, 6].map((run) => `example-org/shop-${run % 3}   ${run}`);
    writeFileSync(join(folder, 'runs.txt'), `# what ran\n\n${expected.join('\n')}\n`);
    const { status, stdout } = await audit(['evidence', '--expect-runs', 'runs.txt']);
    expect(status).toBe(4);
    expect(stdout).toContain(`1 of 3 expected ones have valid evidence, ${RUNS - 3} bundles are of other runs`);
    expect(stdout).toMatch(/missing: example-org\/shop-2 run 5\n.*missing: example-org\/shop-0 run 6/);
  });

  it('holds every bundle against the expectations', async () => {
    const { status, stdout } = await audit([
      'evidence',
      '--expect-repository',
      'example-org/shop-1',
      '--format',
      'jsonl',
    ]);
    expect(status).toBe(4);
    expect(linesOf(stdout).at(-1)).toMatchObject({ statuses: { valid: 14, unmet: 26 } });
  });

  it('makes a page that loads and runs nothing', async () => {
    writeRun(join(folder, 'evidence/<script>alert(1)<'), { repository: '<img src=x>', runId: '"&' });
    const { status, stdout } = await audit(['evidence', '--format', 'html', '--output', 'audit.html']);
    expect(status).toBe(0);
    expect(stdout).toContain('CLEAN');
    const page = readFileSync(join(folder, 'audit.html'), 'utf8');
    expect(page).toContain('The audit is clean');
    expect(page).toContain('&lt;img src=x&gt;');
    expect(page).not.toMatch(/<script|<img|<[a-z]+[^>]* (?:src|href)="[^#]|https?:/i);
  });

  it.each([
    [['nothing'], 4, 'CAVRA-E403'],
    [['.', '--shard', '0/2'], 2, 'CAVRA-E217'],
    [['.', '--shard', '3/2'], 2, 'CAVRA-E217'],
    [['.', '--shard', '1/2', '--expect-runs', 'runs.txt'], 2, 'CAVRA-E216'],
    [['.', '--keyring', 'none.json'], 2, 'CAVRA-E216'],
    [['merge', 'none.jsonl'], 2, 'CAVRA-E216'],
    [[], 2, 'CAVRA-E217'],
  ])('refuses %j', async (args, status, code) => {
    const run = await audit(args);
    expect(run.status).toBe(status);
    expect(run.stderr).toContain(code);
  });

  it('refuses to check nothing', async () => {
    const { status, stderr } = await audit(['evidence'], {});
    expect(status).toBe(2);
    expect(stderr).toContain('CAVRA-E215');
    expect((await audit(['evidence', '--integrity-only'], {})).status).toBe(0);
  });
});

describe('an audit in shards', () => {
  const shard = async (index: number, total: number) => {
    const { stdout } = await audit(['evidence', '--shard', `${index}/${total}`, '--format', 'jsonl']);
    writeFileSync(join(folder, `shard-${index}.jsonl`), stdout);
    return linesOf(stdout).filter(({ kind }) => kind === 'bundle');
  };

  it('has every bundle once, and comes to the same when merged', async () => {
    damage(7);
    const parts = [await shard(1, 3), await shard(2, 3), await shard(3, 3)];
    expect(parts.every(({ length }) => length > 3)).toBe(true);
    const whole = linesOf((await audit(['evidence', '--format', 'jsonl'])).stdout);
    expect(
      parts
        .flat()
        .map(({ path }) => path)
        .toSorted(),
    ).toEqual(
      whole
        .slice(1, -1)
        .map(({ path }) => path)
        .toSorted(),
    );
    const { status, stdout } = await audit([
      'merge',
      'shard-1.jsonl',
      'shard-2.jsonl',
      'shard-3.jsonl',
      '--format',
      'jsonl',
    ]);
    expect(status).toBe(4);
    expect(linesOf(stdout).at(-1)).toEqual(whole.at(-1));
  });

  it('is not clean without one of them, and does not take one twice or half of one', async () => {
    for (const index of [1, 2, 3]) await shard(index, 3);
    const lacking = await audit(['merge', 'shard-1.jsonl', 'shard-3.jsonl']);
    expect(lacking).toMatchObject({ status: 4 });
    expect(lacking.stdout).toContain('missing: 2');
    const twice = await audit(['merge', 'shard-1.jsonl', 'shard-1.jsonl']);
    expect(twice.stderr).toContain('shard-1.jsonl is shard 1 again (CAVRA-E225)');
    const text = readFileSync(join(folder, 'shard-2.jsonl'), 'utf8');
    writeFileSync(join(folder, 'half.jsonl'), `${text.trimEnd().split('\n').slice(0, -1).join('\n')}\n`);
    expect((await audit(['merge', 'half.jsonl'])).stderr).toContain('half.jsonl is not whole');
    writeFileSync(join(folder, 'other.jsonl'), text.replace(/"question":"./, '"question":"x'));
    expect((await audit(['merge', 'shard-1.jsonl', 'other.jsonl'])).stderr).toContain('of another audit');
    writeFileSync(join(folder, 'wrong.jsonl'), text.replace('"status":"valid"', '"status":"fine"'));
    expect((await audit(['merge', 'wrong.jsonl'])).stderr).toContain('wrong.jsonl line 2: status is missing');
    const merged = await audit(['merge', 'shard-1.jsonl', '--format', 'jsonl', '--output', 'merged.jsonl']);
    expect(merged.status).toBe(4);
    expect((await audit(['merge', 'merged.jsonl'])).stderr).toContain('lacks shards');
  });
});

describe('an audit that was stopped', () => {
  it('goes on where it was, and looks again at what changed', async () => {
    const first = await audit(['evidence', '--state', 'state.jsonl', '--format', 'jsonl']);
    const state = readFileSync(join(folder, 'state.jsonl'), 'utf8');
    // What the state says of a bundle that did not change is what the next run says; so it was not verified again.
    writeFileSync(join(folder, 'state.jsonl'), state.replaceAll('"actor":""', '"actor":"remembered"'));
    damage(3);
    const now = new Date();
    utimesSync(join(bundle(4), 'runner-auth-claims.json'), now, now);
    appendFileSync(join(folder, 'state.jsonl'), '{"kind":"bundle","path":"torn');
    const second = linesOf((await audit(['evidence', '--state', 'state.jsonl', '--format', 'jsonl'])).stdout);
    expect(second).toHaveLength(linesOf(first.stdout).length);
    const anew = second
      .filter(({ kind, actor }) => kind === 'bundle' && actor !== 'remembered')
      .map(({ run_id: run }) => run);
    expect(anew.toSorted()).toEqual(['3', '4']);
    expect(second.find(({ run_id: run }) => run === '3')).toMatchObject({ status: 'invalid' });
  });

  it('refuses a state of another question', async () => {
    await audit(['evidence', '--state', 'state.jsonl']);
    const { status, stderr } = await audit(['evidence', '--state', 'state.jsonl', '--expect-decision', 'allow']);
    expect(status).toBe(2);
    expect(stderr).toContain('CAVRA-E225');
  });

  it('loses nothing when it is killed', async () => {
    const whole = (await audit(['evidence', '--format', 'jsonl'])).stdout;
    const args = ['audit', 'evidence', '--state', 'state.jsonl', '--format', 'jsonl'];
    const killed = spawn(process.execPath, [CLI_BUNDLE, ...args], { cwd: folder, env: { ...KEYS } });
    await new Promise((resolve) => killed.stdout.once('data', resolve));
    killed.kill('SIGKILL');
    await new Promise((resolve) => killed.once('close', resolve));
    const { status, stdout } = await audit(args.slice(1));
    expect(status).toBe(0);
    expect(stdout).toBe(whole);
  });
});
