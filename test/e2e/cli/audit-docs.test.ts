import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { CLI_BUNDLE } from '../../support/cli.ts';
import { blocksFor } from '../../support/documentation.ts';
import { FLEET_KEY, FLEET_KEY_ID, writeRun } from '../../support/fleet.ts';
import { root } from '../../support/repository.ts';

/** The examples of docs/audit.md: each platform's jobs, run one after the other as the platform would divide them. */

const BLOCKS = blocksFor('test/e2e/cli/audit-docs.test.ts');
const EXAMPLES = BLOCKS.filter(({ language }) => language === 'yaml').map(({ text }) => parse(text));
const COMMANDS = BLOCKS.filter(({ language }) => language === 'sh').map(({ text }) => text);
const SHARDS = 4;
const RUNS = 12;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cavra-audit-docs-'));
  // The folder tool is a checkout of this repository.
  symlinkSync(root, join(folder, 'tool'));
  mkdirSync(join(folder, 'archive'));
  for (let run = 1; run <= RUNS; run += 1) {
    writeRun(join(folder, 'archive', `run-${run}`), { repository: 'example-org/shop', runId: `${run}` });
  }
  writeFileSync(
    join(folder, 'runs.txt'),
    Array.from({ length: RUNS }, (_, run) => `example-org/shop ${run + 1}\n`).join(''),
  );
  writeFileSync(join(folder, 'fetch-evidence.sh'), '#!/bin/sh\nrm -rf "$1" && cp -R archive "$1"\n');
  chmodSync(join(folder, 'fetch-evidence.sh'), 0o755);
  const key = {
    id: FLEET_KEY_ID,
    purpose: 'evidence',
    algorithm: 'HMAC-SHA256',
    status: 'active',
    secret: { env: 'EVIDENCE_KEY' },
  };
  const keyring = { schema_version: 'cavra.release-governance.keyring.v1', keys: [key] };
  writeFileSync(join(folder, 'keyring.json'), JSON.stringify(keyring));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function shell(script: string, environment: Readonly<Record<string, string>>) {
  const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-euo', 'pipefail', '-c', script], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', EVIDENCE_KEY: FLEET_KEY, ...environment },
  });
  return { status, stdout, stderr };
}

function expectClean(merged: ReturnType<typeof shell>) {
  expect(merged.stderr).toBe('');
  expect(merged.status).toBe(0);
  expect(merged.stdout).toContain(`${RUNS} of ${RUNS} expected ones have valid evidence`);
  expect(readdirSync(folder).filter((name) => /^shard-\d\.jsonl$/.test(name))).toHaveLength(SHARDS);
}

interface Step {
  readonly run?: string;
  readonly bash?: string;
}

const scripts = (steps: readonly Step[]) => steps.flatMap(({ run, bash }) => run ?? bash ?? []).join('\n');

/** As GitHub spells it. */
const expression = (name: string) => `$\{{ ${name} }}`;

describe('docs/audit.md', () => {
  it.each(COMMANDS)('has commands that work: %j', (command) => {
    // As its reader would have it: the program by its name, the evidence in a folder of that name, the key in the environment.
    mkdirSync(join(folder, 'bin'));
    writeFileSync(
      join(folder, 'bin/cavra-release-governance'),
      `#!/bin/sh\nexec "${process.execPath}" "${CLI_BUNDLE}" "$@"\n`,
    );
    chmodSync(join(folder, 'bin/cavra-release-governance'), 0o755);
    cpSync(join(folder, 'archive'), join(folder, 'evidence'), { recursive: true });
    const { status, stdout, stderr } = shell(command, {
      PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
      CAVRA_DAEMON_EVIDENCE_HMAC_KEY: FLEET_KEY,
      CAVRA_DAEMON_EVIDENCE_KEY_ID: FLEET_KEY_ID,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/CAVRA audit {2}CLEAN/);
  });

  it('has an example for each platform', () => {
    expect(EXAMPLES).toHaveLength(3);
  });

  it('divides an audit by a GitHub matrix', () => {
    const { env, jobs } = EXAMPLES[0];
    const { shard } = jobs.audit.strategy.matrix;
    expect(shard).toHaveLength(SHARDS);
    for (const index of shard) {
      const script = scripts(jobs.audit.steps)
        .replaceAll(expression('matrix.shard'), index)
        .replaceAll(expression('strategy.job-total'), String(shard.length));
      expect(shell(script, env)).toMatchObject({ status: 0, stderr: '' });
    }
    expectClean(shell(scripts(jobs.merge.steps), env));
  });

  it('divides an audit by GitLab’s parallel', () => {
    const { audit, merge, variables } = EXAMPLES[1];
    expect(audit.parallel).toBe(SHARDS);
    for (let index = 1; index <= audit.parallel; index += 1) {
      const environment = { ...variables, CI_NODE_INDEX: String(index), CI_NODE_TOTAL: String(audit.parallel) };
      expect(shell(audit.script.join('\n'), environment)).toMatchObject({ status: 0, stderr: '' });
    }
    expectClean(shell(merge.script.join('\n'), variables));
  });

  it('divides an audit by Azure’s parallel', () => {
    const { variables, jobs } = EXAMPLES[2];
    const [audit, merge] = jobs;
    const { parallel } = audit.strategy;
    expect(parallel).toBe(SHARDS);
    for (let index = 1; index <= parallel; index += 1) {
      const position = { SYSTEM_JOBPOSITIONINPHASE: String(index), SYSTEM_TOTALJOBSINPHASE: String(parallel) };
      expect(shell(scripts(audit.steps), { ...variables, ...position })).toMatchObject({ status: 0, stderr: '' });
      // What `publish` and `download` do in between.
      mkdirSync(join(folder, `workspace/shard-${index}-1`), { recursive: true });
      expect(shell(`cp shard-${index}.jsonl workspace/shard-${index}-1/`, {}).status).toBe(0);
    }
    expectClean(shell(scripts(merge.steps), { ...variables, PIPELINE_WORKSPACE: join(folder, 'workspace') }));
  });
});
