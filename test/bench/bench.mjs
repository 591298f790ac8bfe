// @ts-check
// Measures the committed bundles as whole processes, as ratios to yardsticks in the same run.
//
//   node test/bench/bench.mjs [--pairs N] [--records N]
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ratio } from './measure.mjs';
import { EVIDENCE_KEY, EVIDENCE_KEY_ID, writeStream } from './stream.mjs';

const { values } = parseArgs({
  options: { pairs: { type: 'string', default: '7' }, records: { type: 'string', default: '100000' } },
});
const pairs = Number(values.pairs);
const records = Number(values.records);
const root = fileURLToPath(new URL('../..', import.meta.url));
const cli = join(root, 'packages/cli/dist/cavra-release-governance.mjs');
const action = join(root, 'actions/release-governance/dist/main.mjs');
const folder = mkdtempSync(join(tmpdir(), 'cavra-bench-'));
const evidence = {
  CAVRA_DAEMON_EVIDENCE_HMAC_KEY: EVIDENCE_KEY,
  CAVRA_DAEMON_EVIDENCE_KEY_ID: EVIDENCE_KEY_ID,
};

try {
  cpSync(join(root, 'examples'), join(folder, 'examples'), { recursive: true });
  const stream = join(folder, 'stream.jsonl');
  await writeStream(stream, records);
  const megabytes = (statSync(stream).size / 1e6).toFixed(0);

  console.log(`Node ${process.versions.node}, ${cpus().length} cores; median (minimum to maximum) of ${pairs} pairs\n`);
  console.log('| measured | against | seconds | yardstick, seconds | ratio |');
  console.log('| --- | --- | --- | --- | --- |');
  row(
    'gate, embedded, HMAC',
    '`node -e 0`',
    {
      command: process.execPath,
      args: [cli, 'gate', 'examples/approved-promotion.json'],
      environment: { ...evidence, CAVRA_RUNNER_AUTH_HMAC_KEY: EVIDENCE_KEY },
      workingDirectory: folder,
      before: () => rmSync(join(folder, '.cavra'), { recursive: true, force: true }),
    },
    { command: process.execPath, args: ['-e', '0'] },
  );
  row(
    'the GitHub Action’s main, HMAC, without upload',
    '`node -e 0`',
    {
      command: process.execPath,
      args: [action],
      environment: { ...evidence, CAVRA_RUNNER_AUTH_HMAC_KEY: EVIDENCE_KEY, ...githubStep() },
      workingDirectory: folder,
      before: () => rmSync(join(folder, '.cavra'), { recursive: true, force: true }),
    },
    { command: process.execPath, args: ['-e', '0'] },
  );
  row(
    `verify, ${records.toLocaleString('en')} signed records, ${megabytes} MB`,
    '`sha256sum`',
    {
      command: process.execPath,
      args: [cli, 'verify', stream],
      environment: evidence,
    },
    { command: 'sha256sum', args: [stream] },
  );
  if (spawnSync('openssl', ['version']).status === 0) {
    row(
      'the same',
      '`openssl dgst -sha256`',
      {
        command: process.execPath,
        args: [cli, 'verify', stream],
        environment: evidence,
      },
      { command: 'openssl', args: ['dgst', '-sha256', stream] },
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** What a runner gives a step. */
function githubStep() {
  const files = ['OUTPUT', 'STATE', 'STEP_SUMMARY'].map((name) => [`GITHUB_${name}`, join(folder, name.toLowerCase())]);
  for (const [, path = ''] of files) writeFileSync(path, '');
  return {
    GITHUB_ACTIONS: 'true',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_REPOSITORY: 'example-org/shop',
    GITHUB_RUN_ID: '1',
    GITHUB_WORKSPACE: folder,
    INPUT_REQUEST: 'examples/approved-promotion.json',
    'INPUT_UPLOAD-ARTIFACT': 'false',
    ...Object.fromEntries(files),
  };
}

/** @param {string} what @param {string} against @param {import('./measure.mjs').Command} measured @param {import('./measure.mjs').Command} yardstick */
function row(what, against, measured, yardstick) {
  const result = ratio(measured, yardstick, pairs);
  const cells = [result.seconds, result.yardstick, result.ratio].map(
    ({ minimum, median, maximum }) => `${median.toFixed(2)} (${minimum.toFixed(2)} to ${maximum.toFixed(2)})`,
  );
  console.log(`| ${[what, against, ...cells].join(' | ')} |`);
}
