import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { nodeBinaries } from '../../test/support/node-versions.ts';
import { jobScript, runScript } from './job-script.ts';

const REQUEST =
  '{"release_governance":{"metadata_kind":"release-channel-promotion-request","approval_state":"approved","approval_id":"CHG-7"}}';
const SECRET = 'evidence-key-of-the-test-0123456789abcdef';
const VARIABLES = {
  CI_PROJECT_PATH: 'example-group/example-project',
  CI_PIPELINE_ID: '1212',
  CI_JOB_ID: '45678',
  CI_COMMIT_SHA: '0123456789abcdef0123456789abcdef01234567',
  CI_COMMIT_REF_NAME: 'main',
  CAVRA_RUNNER_AUTH_HMAC_KEY: 'runner-key-of-the-test-0123456789abcdef',
  CAVRA_RUNNER_AUTH_KEY_ID: 'ci-runner-2099-q4',
  CAVRA_DAEMON_EVIDENCE_HMAC_KEY: SECRET,
  CAVRA_DAEMON_EVIDENCE_KEY_ID: 'ci-evidence-2099-q4',
};

/** The shells that runners start; of busybox, which node:alpine has, where it is installed. */
const SHELLS = [['sh'], ['bash'], ['busybox', 'sh']].filter(([command = '']) => {
  try {
    execFileSync('sh', ['-c', 'command -v "$0"', command], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});

let root: string;
let count = 0;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'cavra-script-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function project(): string {
  count += 1;
  const folder = join(root, `project-${count}`);
  mkdirSync(folder);
  return folder;
}

const script = jobScript({ request_json: REQUEST, auth: 'hmac' });

it('is tried in sh and bash', () => {
  expect(SHELLS).toEqual(expect.arrayContaining([['sh'], ['bash']]));
});

describe.each(SHELLS.map((command) => ({ name: command.join(' '), command })))('in $name', ({ command }) => {
  it.each(nodeBinaries())('runs the gate on $name', ({ path: node }) => {
    const folder = project();
    const run = runScript(command, script, {
      folder,
      environment: { ...VARIABLES, PATH: `${dirname(node)}${delimiter}${process.env['PATH']}` },
    });
    expect(run.output).toContain('CAVRA release gate: PASS');
    expect(run.output).not.toMatch(/warning/i);
    expect(run.status).toBe(0);
    expect(existsSync(join(folder, '.cavra/go-daemon/release-governance-evidence.jsonl'))).toBe(true);
  });

  it('keeps the exit status of the gate', () => {
    const environment = { ...VARIABLES, PATH: process.env['PATH'] };
    const block = jobScript({ request_json: '{"release_governance":{"approval_state":"denied"}}', auth: 'hmac' });
    expect(runScript(command, block, { folder: project(), environment }).status).toBe(1);
    const noKey = { ...environment, CAVRA_DAEMON_EVIDENCE_HMAC_KEY: undefined };
    expect(runScript(command, script, { folder: project(), environment: noKey }).status).toBe(2);
    const noProof = { ...environment, CAVRA_RUNNER_AUTH_HMAC_KEY: undefined, CAVRA_RUNNER_AUTH_KEY_ID: undefined };
    expect(runScript(command, script, { folder: project(), environment: noProof }).status).toBe(3);
  });

  it('says what to do where there is no node', () => {
    // The shell by its whole path, since PATH has nothing in it.
    const whole = execFileSync('sh', ['-c', 'command -v "$0"', command[0] ?? ''], { encoding: 'utf8' }).trim();
    const run = runScript([whole, ...command.slice(1)], script, {
      folder: project(),
      environment: { ...VARIABLES, PATH: project() },
    });
    expect(run.status).toBe(2);
    expect(run.output).toContain('CAVRA-E221: the image of this job has no Node.js; set the input image');
  });

  it('tells nothing by its trace that its log does not tell', () => {
    const run = runScript(command, script, {
      folder: project(),
      environment: { ...VARIABLES, PATH: process.env['PATH'] },
      flags: '-o xtrace',
    });
    expect(run.status).toBe(0);
    expect(run.output).toContain('CAVRA release gate: PASS');
    expect(run.output).not.toContain(SECRET);
    const [payloadLine = ''] = /^[A-Za-z0-9+/]{120}$/m.exec(script) ?? [];
    // The eval that hands the script over is traced once, by the runner's own line; the script adds no second copy.
    expect(payloadLine).toHaveLength(120);
    expect(run.output.split(payloadLine).length - 1).toBeLessThanOrEqual(1);
  });
});

describe('the node that is found', () => {
  function withFakeNode(text: string): string {
    const node = join(project(), 'node');
    writeFileSync(node, text);
    chmodSync(node, 0o755);
    return node;
  }

  it('is refused when it is too old', () => {
    const preload = join(project(), 'old.cjs');
    writeFileSync(
      preload,
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.18.3' } });",
    );
    const node = withFakeNode(`#!/bin/sh\nexec '${process.execPath}' --require '${preload}' "$@"\n`);
    const run = runScript(['sh'], script, {
      folder: project(),
      environment: { ...VARIABLES, PATH: `${dirname(node)}:${process.env['PATH']}` },
    });
    expect(run.status).toBe(2);
    expect(run.output).toContain('CAVRA-E221: needs Node.js 20.19 or later and this image has 20.18.3');
  });

  it.each(['.', 'bin', ''])('is refused when PATH finds it in the project, as in %j', (place) => {
    const folder = project();
    mkdirSync(join(folder, 'bin'));
    const target = place === 'bin' ? join(folder, 'bin/node') : join(folder, 'node');
    writeFileSync(target, '#!/bin/sh\ntouch broken-in\n');
    chmodSync(target, 0o755);
    const entry = place === 'bin' ? join(folder, 'bin') : place;
    const run = runScript(['sh'], script, {
      folder,
      environment: { ...VARIABLES, PATH: `${entry}:${process.env['PATH']}` },
    });
    expect(run.output).toContain('CAVRA-E221: the PATH of this job leads to a node in the project');
    expect(run.status).toBe(2);
    expect(existsSync(join(folder, 'broken-in'))).toBe(false);
  });

  it('loads nothing that a variable names', () => {
    const folder = project();
    writeFileSync(join(folder, 'evil.cjs'), "require('node:fs').writeFileSync('broken-in', '');");
    const environment = {
      ...VARIABLES,
      PATH: process.env['PATH'],
      NODE_OPTIONS: '--require ./evil.cjs',
      NODE_REPL_EXTERNAL_MODULE: './evil.cjs',
    };
    const run = runScript(['sh'], script, { folder, environment });
    expect(run.status).toBe(0);
    expect(existsSync(join(folder, 'broken-in'))).toBe(false);
  });
});

describe('a changed program', () => {
  const start = script.indexOf('program:\n') + 'program:\n'.length;
  const end = script.lastIndexOf('\nCAVRA_RELEASE_GOVERNANCE');
  const positions = Array.from({ length: 12 }, (_, index) => start + Math.floor(((end - start - 1) * index) / 11));

  it.each(positions)('is not run: character %d', (position) => {
    const old = script[position] ?? '';
    if (old === '\n') return;
    const changed = `${script.slice(0, position)}${old === 'A' ? 'B' : 'A'}${script.slice(position + 1)}`;
    const folder = project();
    const run = runScript(['sh'], changed, { folder, environment: { ...VARIABLES, PATH: process.env['PATH'] } });
    expect(run.status).toBe(5);
    expect(run.output).toContain('CAVRA-E508: the program in this template was changed');
    expect(existsSync(join(folder, '.cavra'))).toBe(false);
  });

  it('is not run when it is empty, cut or doubled', () => {
    const payload = script.slice(start, end);
    for (const other of ['', payload.slice(0, 5_000), payload + payload]) {
      const changed = `${script.slice(0, start)}${other}${script.slice(end)}`;
      const run = runScript(['sh'], changed, {
        folder: project(),
        environment: { ...VARIABLES, PATH: process.env['PATH'] },
      });
      expect(run.status).toBe(5);
    }
  });
});
