import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type CliRun, runCli } from '../../support/cli.ts';
import { readRepositoryFile } from '../../support/repository.ts';

const REQUEST = readRepositoryFile('examples/approved-promotion.json');
const EVIDENCE = join('.cavra', 'go-daemon');

let folder: string;
let gate: CliRun;
const run = (args: readonly string[], input?: string) =>
  runCli(args, { workingDirectory: folder, ...(input === undefined ? {} : { input }) });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cavra-manners-'));
  writeFileSync(join(folder, 'request.json'), REQUEST);
  gate = await run(['gate', '--request', 'request.json', '--ephemeral-keys']);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('what people type first', () => {
  test.each(['-v', '-V', '--version', 'version'])('%s prints the version', async (word) => {
    const { version } = JSON.parse(readRepositoryFile('packages/cli/package.json'));
    expect(await run([word])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  test.each([
    [
      ['help', 'gate'],
      ['gate', '--help'],
    ],
    [
      ['help', 'keys', 'generate'],
      ['keys', 'generate', '--help'],
    ],
    [
      ['help', 'keys'],
      ['keys', '--help'],
    ],
    [['help'], ['--help']],
  ])('%j is the help', async (words, options) => {
    const help = await run(words);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    expect(help).toEqual(await run(options));
  });

  test.each([
    [['gaet', 'request.json'], 'did you mean gate?'],
    [['verfy', '.'], 'did you mean verify?'],
    [['keys', 'genrate'], 'did you mean keys generate?'],
    [['help', 'docter'], 'did you mean doctor?'],
    [['gate', '--evidence-dri', 'x'], 'did you mean --evidence-dir?'],
    [['verify', '--public-kye', 'x', '.'], 'did you mean --public-key?'],
  ])('%j is answered with what was meant', async (args, hint) => {
    const { status, stderr } = await run(args);
    expect(status).toBe(2);
    expect(stderr).toContain(hint);
    expect(stderr).toContain('CAVRA-E217');
  });

  test('a word that is like none names what there is', async () => {
    expect((await run(['frobnicate'])).stderr).toContain('known are gate, verify,');
  });

  test('gate takes --request as every other front end does', () => {
    expect(gate).toMatchObject({ status: 0 });
    expect(gate.stdout).toContain('request.json');
  });
});

describe('requests', () => {
  test('lint reads standard input for -', async () => {
    expect(await run(['request', 'lint', '-'], REQUEST)).toMatchObject({ status: 0, stderr: '' });
    expect(await run(['request', 'lint', '-'], '{"nonsense":1}')).toMatchObject({ status: 2 });
  });

  test('lint refuses an input that does not end', async () => {
    const { status, stderr } = await run(['request', 'lint', '-'], ' '.repeat(2 ** 20 + 1));
    expect(status).toBe(2);
    expect(stderr).toMatch(/standard input holds more than 1048576 bytes.*CAVRA-E216/);
  });

  test('new lists the known kinds, and warns of another one', async () => {
    expect((await run(['request', 'new', '--help'])).stdout).toContain('\n  rollout-promotion-execution\n');
    const { status, stdout, stderr } = await run(['request', 'new', '--metadata-kind', 'rollout-promotion-exection']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout).release_governance.metadata_kind).toBe('rollout-promotion-exection');
    expect(stderr).toMatch(/warning: \/release_governance\/metadata_kind .*is not a known kind/);
  });

  test('new overwrites nothing without --force', async () => {
    const args = ['request', 'new', '--target', 'production', '--output', 'new.json'];
    writeFileSync(join(folder, 'new.json'), 'mine');
    const refused = await run(args);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toMatch(/it exists already; say --force.*CAVRA-E219/);
    expect(readFileSync(join(folder, 'new.json'), 'utf8')).toBe('mine');
    expect((await run([...args, '--force'])).status).toBe(0);
    expect(readFileSync(join(folder, 'new.json'), 'utf8')).toContain('"target": "production"');
  });
});

describe('verify says what it was given', () => {
  test('a path that is not there is told before missing keys', async () => {
    const { status, stderr } = await run(['verify', '.cavra/go-demon']);
    expect(status).toBe(4);
    expect(stderr).toMatch(/go-demon does not exist.*CAVRA-E403/);
  });

  test.each([
    ['release-governance-report.html', 'a report for people'],
    ['release-governance-response.json', 'a JSON document and no evidence stream'],
    ['release-governance-evidence-verification.json', 'a JSON document and no evidence stream'],
  ])('%s', async (name, kind) => {
    const { status, stderr } = await run(['verify', join(EVIDENCE, name)]);
    expect(status).toBe(2);
    expect(stderr).toContain(kind);
    expect(stderr).toContain('CAVRA-E216');
  });
});
