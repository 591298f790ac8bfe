import { execFile } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { chmod, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CLI_BUNDLE, HMAC_ENVIRONMENT, runCli } from '../../support/cli.ts';
import { describeWith } from '../../support/commands.ts';
import { root } from '../../support/repository.ts';

const REPORT = 'release-governance-report.html';
const STREAM = 'release-governance-evidence.jsonl';

let folder: string;
const attestation = generateKeyPairSync('ed25519').privateKey;
const environment = {
  ...HMAC_ENVIRONMENT,
  CAVRA_ATTESTATION_KEY: attestation.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
  CAVRA_ATTESTATION_KEY_ID: 'ci-attestation-2099-q4',
};

const cavra = (args: readonly string[]) => runCli(args, { workingDirectory: folder, environment });
const read = (...path: string[]) => readFile(join(folder, ...path), 'utf8');
const headline = (page: string) => /<h1>([^<]*)<\/h1>/.exec(page)?.[1];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cavra-report-'));
  await cp(join(root, 'examples'), join(folder, 'examples'), { recursive: true });
  await cavra(['gate', 'examples/approved-promotion.json', '--evidence-dir', 'evidence']);
});

afterAll(() => rm(folder, { recursive: true }));

describe('the gate leaves a report', () => {
  it('of a run that passes', async () => {
    const page = await read('evidence', REPORT);
    expect(headline(page)).toBe('The gate passed');
    expect(page).toContain('<strong>Identity</strong><div>proven by the runner’s HMAC key');
    expect(page).toContain('sealed: the checkpoint of this run');
    expect(page).not.toContain(folder);
    for (const secret of Object.values(environment).filter((value) => value.length > 30)) {
      expect(page).not.toContain(secret);
    }
  });

  it('of a run that is blocked', async () => {
    const { status } = await cavra(['gate', 'examples/blocked-tampered-artifact.json', '--evidence-dir', 'blocked']);
    const page = await read('blocked', REPORT);
    expect({ status, headline: headline(page) }).toEqual({ status: 1, headline: 'The gate failed' });
    expect(page).toContain('<code>CAVRA-E101</code>');
    expect(page).toContain('integrity_status tampered');
  });

  it('that tells of every request', async () => {
    const requests = ['examples/approved-promotion.json', 'examples/pending-approval.json'];
    await cavra(['gate', ...requests, '--evidence-dir', 'several', '--expected-decision', 'require_approval']);
    const page = await read('several', REPORT);
    expect(requests.filter((request) => !page.includes(request))).toEqual([]);
    expect(page).toContain('Each holds the hash of the one before it.');
  });

  it('in place of the one of an earlier step', async () => {
    const step = (request: string) => cavra(['gate', `examples/${request}`, '--evidence-dir', 'steps']);
    await step('approved-promotion.json');
    await step('blocked-tampered-artifact.json');
    expect(headline(await read('steps', REPORT))).toBe('The gate failed');
    expect((await readdir(join(folder, 'steps'))).filter((name) => name.includes('report'))).toEqual([REPORT]);
  });
});

it('is not written where it would hold a secret, however HTML spells that', async () => {
  const secret = 'runner<key>&of#the-tests-0123456789abcdef0123456789';
  await cp(join(folder, 'examples/approved-promotion.json'), join(folder, `${secret}.json`));
  const { status, stderr } = await runCli(['gate', `${secret}.json`, '--evidence-dir', 'secret'], {
    workingDirectory: folder,
    environment: { ...environment, CAVRA_RUNNER_AUTH_HMAC_KEY: secret },
  });
  expect({ status, stderr }).toEqual({ status: 6, stderr: expect.stringContaining(`what ${REPORT} would say`) });
  expect(await readdir(join(folder, 'secret'))).not.toContain(REPORT);
});

describe('verify writes the report', () => {
  it('as HTML', async () => {
    const { status, stdout } = await cavra(['verify', 'evidence', '--format', 'html', '--output', 'valid.html']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    const page = await read('valid.html');
    expect(headline(page)).toBe('The evidence is valid');
    expect(page).toContain(`evidence/<wbr>release-<wbr>governance-<wbr>evidence.<wbr>jsonl`);
    expect(page).not.toContain(folder);
  });

  it('as Markdown, to the screen', async () => {
    const { status, stdout } = await cavra(['verify', 'evidence', '--format', 'markdown']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^## ✅ The evidence is valid\n/);
  });

  it('of evidence that was tampered with, and still fails', async () => {
    await cp(join(folder, 'evidence'), join(folder, 'tampered'), { recursive: true });
    const text = await read('tampered', STREAM);
    await writeFile(join(folder, 'tampered', STREAM), text.replace('production', 'staging'));
    const { status, stdout, stderr } = await cavra(['verify', 'tampered', '--format', 'html']);
    expect(status).toBe(4);
    expect(headline(stdout)).toBe('The evidence is not valid');
    expect(stdout).toContain('record_hash_mismatch'.replaceAll('_', '_<wbr>'));
    expect(stderr).toContain('CAVRA-E401');
  });
});

describeWith('jq', 'to run the commands that a report shows')('the commands that a report shows', () => {
  let commands: readonly string[];

  beforeAll(async () => {
    const page = await read('evidence', REPORT);
    commands = [...page.matchAll(/<pre class="command"><code>([^<]*)<\/code>/g)].map(([, text]) => decoded(text ?? ''));
    const publicKey = createPublicKey(attestation).export({ format: 'pem', type: 'spki' });
    await writeFile(join(folder, 'evidence/release-attestation.pub.pem'), publicKey);
    await writeFile(join(folder, 'evidence/keyring.json'), KEYRING);
    const program = join(folder, 'cavra-release-governance');
    await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${CLI_BUNDLE}' "$@"\n`);
    await chmod(program, 0o755);
  });

  it('are there', () => {
    expect(commands.map((command) => command.split(/[ \n]/)[0])).toEqual([
      'cavra-release-governance',
      'cavra-release-governance',
      'jq',
      'cavra-release-governance',
      'sha256sum',
    ]);
  });

  it.each([
    [0, /VALID/],
    [1, /VALID/],
    [2, /Signature Verified Successfully\n(runner-auth-claims\.json: OK\n)?.*release-governance-evidence\.jsonl: OK/s],
    [3, /VALID/],
    [4, /^[0-9a-f]{64} {2}release-governance-evidence\.jsonl\n$/],
  ])('run as they stand: number %i', async (index, output) => {
    expect(await run(commands[index] ?? '')).toMatch(output);
  });

  it('find what was changed', async () => {
    const stream = await read('evidence', STREAM);
    await writeFile(join(folder, 'evidence', STREAM), stream.replace('production', 'staging'));
    for (const command of commands.slice(0, 4)) await expect(run(command)).rejects.toThrow();
    await writeFile(join(folder, 'evidence', STREAM), stream);
  });

  async function run(command: string): Promise<string> {
    const { stdout } = await promisify(execFile)('sh', ['-e', '-c', command], {
      cwd: join(folder, 'evidence'),
      env: { PATH: `${folder}:${process.env['PATH']}`, EVIDENCE_KEY: HMAC_ENVIRONMENT.CAVRA_DAEMON_EVIDENCE_HMAC_KEY },
    });
    return stdout;
  }
});

const KEYRING = JSON.stringify({
  schema_version: 'cavra.release-governance.keyring.v1',
  keys: [
    {
      id: HMAC_ENVIRONMENT.CAVRA_DAEMON_EVIDENCE_KEY_ID,
      purpose: 'evidence',
      algorithm: 'HMAC-SHA256',
      status: 'active',
      secret: { env: 'EVIDENCE_KEY' },
    },
  ],
});

/** What a reader copies. */
function decoded(markup: string): string {
  const signs: Readonly<Record<string, string>> = {
    lt: '<',
    gt: '>',
    quot: '"',
    '#39': "'",
    '#35': '#',
    '#96': '`',
    amp: '&',
  };
  return markup.replace(/&(#?\w+);/g, (_, name: string) => signs[name] ?? '');
}
