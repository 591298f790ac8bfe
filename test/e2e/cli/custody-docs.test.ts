import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CLI_BUNDLE, HMAC_ENVIRONMENT } from '../../support/cli.ts';
import { blocksFor } from '../../support/documentation.ts';
import { root } from '../../support/repository.ts';

/** The runbooks, each command as it stands, one after the other in one shell. */
const BLOCKS = blocksFor('test/e2e/cli/custody-docs.test.ts', 'sh');

function shellBlocks(page: string): string[] {
  return BLOCKS.filter((block) => block.page === page).map(({ text }) => text);
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cavra-runbook-'));
  await cp(join(root, 'examples/approved-promotion.json'), join(folder, 'release-request.json'));
  await mkdir(join(folder, 'bin'));
  const program = `#!/bin/sh\nexec "${process.execPath}" "${CLI_BUNDLE}" "$@"\n`;
  await writeFile(join(folder, 'bin/cavra-release-governance'), program);
  await chmod(join(folder, 'bin/cavra-release-governance'), 0o755);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function follow(page: string, environment: Readonly<Record<string, string>>) {
  return spawnSync('sh', ['-eu', '-c', shellBlocks(page).join('\n')], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...environment, PATH: `${join(folder, 'bin')}:${process.env['PATH']}` },
  });
}

describe('the page about checkpoints', () => {
  it('has commands that work, also without this program', () => {
    const { status, stdout, stderr } = follow('docs/checkpoint.md', HMAC_ENVIRONMENT);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).not.toMatch(/FAIL|NOT VALID/);
    expect(stdout).toMatch(/tail\s+sealed/);
    expect(stdout).toMatch(/tail\s+anchored/);
    expect(stdout).toMatch(/1 of 1, proven to be in the stream without the others/);
    expect(stdout).toMatch(/Signature Verified Successfully/);
    expect(stdout).toMatch(/release-governance-evidence\.jsonl: OK/);
  });
});

describe('the runbooks', () => {
  it('are commands that work, one after the other', () => {
    const { status, stdout, stderr } = follow('docs/key-custody.md', {});
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).not.toMatch(/NOT VALID/);
    expect(stdout).toMatch(/release-1 counts\nrelease-2 does not count\n/);
    expect(stdout).toMatch(/its secret is not here/);
  });
});
