import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { root } from '../../support/repository.ts';
import { parseKeyValueFile } from './commands.ts';
import { dotComJob, EVIDENCE_KEY, newRun, type Platform, startPlatform, verifyArtifact } from './harness.ts';
import { NODE24 } from './runner.ts';

/**
 * GitHub's own @github/local-action runs the action too: it reads action.yml, loads a job's environment from a file and imports what it is
 * told to. Its launcher would ask npm for tsx; this starts the same program directly.
 */

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.close());

const HARNESS = createRequire(import.meta.url).resolve('@github/local-action');
const TSX = createRequire(HARNESS).resolve('tsx/cli');

function localAction(folder: string, script: string, dotenv: string, cwd: string, authorities: string) {
  const args = [TSX, HARNESS, 'run', folder, script, dotenv];
  const env = {
    PATH: process.env['PATH'] ?? '',
    TARGET_ACTION_PATH: folder,
    NODE_PACKAGE_MANAGER: 'none',
    // Node reads it only when it starts.
    NODE_EXTRA_CA_CERTS: authorities,
  };
  return new Promise<{ status: number | null; printed: string }>((resolve, reject) => {
    const child = spawn(NODE24, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
      });
    }
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, printed }));
  });
}

it.each([
  ['approved-promotion.json', 0, 'allow'],
  ['blocked-tampered-artifact.json', 1, 'block'],
])('@github/local-action runs the gate on %s', async (request, status, decision) => {
  const facts = newRun();
  const job = dotComJob(platform, facts);
  try {
    const environment = {
      ...job.environment(),
      ...EVIDENCE_KEY,
      INPUT_REQUEST: request,
      GITHUB_OUTPUT: join(job.root, 'output'),
      GITHUB_STATE: join(job.root, 'state'),
      GITHUB_STEP_SUMMARY: join(job.root, 'summary.md'),
    };
    for (const name of ['output', 'state', 'summary.md']) job.write(`../${name}`, '');
    const lines = Object.entries(environment).map(([name, value]) => `${name}='${value}'\n`);
    job.write('../.env', lines.join(''));

    const main = 'actions/release-governance/dist/main.mjs';
    const run = await localAction(root, main, join(job.root, '.env'), job.workspace, platform.authority.file);
    expect(run.printed).toContain(`CAVRA release gate: ${status === 0 ? 'pass' : 'fail'}`);
    expect(run.status).toBe(status);
    // It has understood action.yml.
    expect(run.printed).toContain('fail-on-upload-error');

    const outputs = parseKeyValueFile(job.read('../output'));
    expect(outputs).toMatchObject({ verdict: status === 0 ? 'pass' : 'fail', decision, 'auth-method': 'oidc' });
    const artifact = platform.results.artifacts.find(({ name }) => name === outputs['artifact-name']);
    if (artifact === undefined) throw new Error('nothing was published');
    const expectations = ['--expect-run-id', facts.runId ?? '', '--expect-decision', decision];
    expect((await verifyArtifact(artifact, ...expectations)).status).toBe(0);
    expect(job.read('../summary.md')).toContain('CAVRA release gate');
  } finally {
    job.dispose();
  }
});
