import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { nodeBinaries } from '../support/node-versions.ts';
import { readRepositoryFile, root } from '../support/repository.ts';

const { version } = JSON.parse(readRepositoryFile('package.json')) as { readonly version: string };
/** Two builds, by different Nodes where there are two. */
const BUILDS = [...nodeBinaries(), ...nodeBinaries()]
  .slice(0, 2)
  .map(({ path }, index) => ({ path, name: `${index}` }));

/** What the release workflow does in its two jobs, each with a Node of its own. */
describe('a release, built again and again', () => {
  let folder: string;
  let checksums: readonly string[];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cavra-release-build-'));
    checksums = BUILDS.map(({ name, path }) => {
      const output = join(folder, `output-${name}`);
      execFileSync('sh', ['scripts/release-build.sh', join(folder, name)], {
        cwd: root,
        env: { ...process.env, PATH: `${dirname(path)}:${process.env['PATH']}`, GITHUB_OUTPUT: output },
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      return readFileSync(output, 'utf8');
    });
  }, 300_000);

  afterAll(() => rmSync(folder, { recursive: true }));

  it('has the same bytes by every Node', () => {
    expect(checksums).toEqual(BUILDS.map(() => expect.stringMatching(/^checksums=[0-9a-f]{64}\n$/)));
    expect(new Set(checksums).size).toBe(1);
    const [first, ...others] = BUILDS.map(({ name }) =>
      readdirSync(join(folder, name)).map((file) => [file, readFileSync(join(folder, name, file)).toString('base64')]),
    );
    for (const other of others) expect(other).toEqual(first);
  });

  it('is what a release publishes, each file by its checksum', () => {
    const release = join(folder, '0');
    expect(readdirSync(release).sort()).toEqual(
      [
        'LICENSE',
        'SHA256SUMS',
        `cavra-release-governance-${version}.tgz`,
        `cavra-release-governance-core-${version}.tgz`,
        'cavra-release-governance.mjs',
        `cavra.release-governance-${version}.vsix`,
        'release-governance-verify.yml',
        'release-governance.cdx.json',
        'release-governance.yml',
      ].sort(),
    );
    const checked = execFileSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], {
      cwd: release,
      encoding: 'utf8',
    });
    expect(checked.match(/: OK$/gm)).toHaveLength(8);
  });

  it('has packages that hold the program, its notices and nothing of the tests', () => {
    const release = join(folder, '0');
    for (const name of [`cavra-release-governance-${version}.tgz`, `cavra-release-governance-core-${version}.tgz`]) {
      const files = execFileSync('tar', ['-tzf', name], { cwd: release, encoding: 'utf8' }).trim().split('\n');
      expect(files).toEqual(expect.arrayContaining(['package/package.json', 'package/README.md', 'package/LICENSE']));
      expect(files.filter((file) => /\/tests?\/|\.test\.|\.map$/.test(file))).toEqual([]);
    }
    execFileSync('tar', ['-xzf', `cavra-release-governance-${version}.tgz`], { cwd: release });
    const program = join(release, 'package/dist/cavra-release-governance.mjs');
    expect(readFileSync(program)).toEqual(readFileSync(join(release, 'cavra-release-governance.mjs')));
    expect(execFileSync(process.execPath, [program, '--version'], { encoding: 'utf8' })).toContain(version);
  });
});
