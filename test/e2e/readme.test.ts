import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CLI_BUNDLE, HMAC_ENVIRONMENT } from '../support/cli.ts';
import { readRepositoryFile, root } from '../support/repository.ts';

/** The shell blocks of the README, each run as it stands in a folder that has what its reader would have. */
const BLOCKS = [...readRepositoryFile('README.md').matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(
  ([, block = '']) => block,
);
const SCRIPTS: Readonly<Record<string, string>> = JSON.parse(readRepositoryFile('package.json')).scripts;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cavra-readme-'));
  await cp(join(root, 'examples'), join(folder, 'examples'), { recursive: true });
  await cp(join(root, 'examples/approved-promotion.json'), join(folder, 'release-request.json'));
  await cp(join(root, 'examples/trust-policy-github.yaml'), join(folder, 'trust-policy.yaml'));
  await symlink(join(root, 'packages'), join(folder, 'packages'));
  await mkdir(join(folder, 'bin'));
  await command('cavra-release-governance', `exec "${process.execPath}" "${CLI_BUNDLE}" "$@"`);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function command(name: string, script: string): Promise<void> {
  await writeFile(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, 'bin', name), 0o755);
}

function shell(script: string) {
  return spawnSync('sh', ['-eu', '-c', script], {
    cwd: folder,
    encoding: 'utf8',
    env: {
      ...HMAC_ENVIRONMENT,
      PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
      CAVRA_RUNNER_REPOSITORY: 'example-org/shop',
      CAVRA_RUNNER_RUN_ID: '123456',
    },
  });
}

const usesPackageManager = (block: string) => block.startsWith('npx ');

describe('the README', () => {
  it('has the two commands, and they are scripts of the repository', () => {
    const names = BLOCKS.filter(usesPackageManager).map((block) => /^npx -y pnpm@12 (\S+)\n$/.exec(block)?.[1]);
    expect(names).toEqual(['gate:example', 'test']);
    for (const name of names) expect(SCRIPTS).toHaveProperty([name ?? '']);
  });

  it('runs a real gate with its first command, ending in verified evidence', () => {
    const result = spawnSync('sh', ['-c', SCRIPTS['gate:example'] ?? 'false'], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    });
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(result.stdout).toMatch(/PASS/);
    expect(result.stdout).toMatch(/evidence\s+valid, 1 record/);
  });

  it.each(BLOCKS.filter((block) => !usesPackageManager(block)))('has commands that work: %j', (block) => {
    const before = block.includes('gate ') ? '' : 'cavra-release-governance gate release-request.json\n';
    const { status, stderr } = shell(before + block);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
