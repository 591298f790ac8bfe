import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { readRepositoryFile, root } from '../support/repository.ts';

/** The shell steps of the release workflow, each as it stands, with programs in place of `gh` and `npm` that write down what they are asked. */

interface Workflow {
  readonly jobs: Readonly<
    Record<string, { readonly steps: readonly { readonly name?: string; readonly run?: string }[] }>
  >;
}

const { jobs } = parse(readRepositoryFile('.github/workflows/release.yml')) as Workflow;
const stepOf = (job: string, name: string) => jobs[job]?.steps.find((step) => step.name === name)?.run ?? 'false';
const REPOSITORY = 'cavra/release-governance';
const COMMIT = '0123456789abcdef0123456789abcdef01234567';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cavra-release-steps-'));
  mkdirSync(join(folder, 'bin'));
  for (const name of ['gh', 'npm']) {
    program(name, `printf '%s' ${name} >> calls; printf ' [%s]' "$@" >> calls; echo >> calls`);
  }
});
afterEach(() => rmSync(folder, { recursive: true }));

function program(name: string, script: string): void {
  writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'bin', name), 0o755);
}

/** As GitHub runs it. */
function run(script: string, environment: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['--noprofile', '--norc', '-e', '-o', 'pipefail', '-c', script],
    {
      cwd: folder,
      encoding: 'utf8',
      env: {
        PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
        GITHUB_REPOSITORY: REPOSITORY,
        GITHUB_SHA: COMMIT,
        GITHUB_REF_NAME: 'v1.2.3',
        ...environment,
      },
    },
  );
  return { status, stdout, stderr };
}

/** A `gh` on a repository with these tags. */
function tags(...names: string[]): void {
  const refs = names.map((name) => `refs/tags/${name}`);
  program(
    'gh',
    `printf '%s' gh >> calls; printf ' [%s]' "$@" >> calls; echo >> calls
case "$*" in
  *matching-refs*) printf '%s\\n' ${refs.filter((ref) => ref.includes('.')).join(' ')} ;;
  *git/ref/tags/v1*) ${refs.includes('refs/tags/v1') ? 'true' : 'false'} ;;
esac`,
  );
}

const calls = () => readFileSync(join(folder, 'calls'), 'utf8').trimEnd().split('\n');

describe('two builds', () => {
  const step = stepOf('gate', 'Two builds, one result');

  it.each([
    ['the same', { BUILT: 'ab', REBUILT: 'ab' }, 0],
    ['others', { BUILT: 'ab', REBUILT: 'cd' }, 1],
    ['none', { BUILT: '', REBUILT: '' }, 1],
  ])('%s', (_, builds, status) => {
    expect(run(step, builds).status).toBe(status);
  });
});

describe('the tag', () => {
  const step = stepOf('build', 'The tag is the version, and its commit is on main');
  const git = (...args: string[]) =>
    spawnSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
      cwd: folder,
      encoding: 'utf8',
    }).stdout.trim();

  beforeEach(() => {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ version: '1.2.3' }));
    git('init', '--quiet', '--initial-branch=main');
    git('commit', '--quiet', '--allow-empty', '-m', 'on main');
    git('update-ref', 'refs/remotes/origin/main', 'HEAD');
  });

  it('is that of the version, on main', () => {
    expect(run(step, { GITHUB_SHA: git('rev-parse', 'HEAD') })).toMatchObject({ status: 0, stderr: '' });
  });

  it('is not another one', () => {
    expect(run(step, { GITHUB_SHA: git('rev-parse', 'HEAD'), GITHUB_REF_NAME: 'v1.2.4' }).status).toBe(1);
  });

  it('is not of a commit elsewhere', () => {
    git('commit', '--quiet', '--allow-empty', '-m', 'elsewhere');
    expect(run(step, { GITHUB_SHA: git('rev-parse', 'HEAD') }).status).toBe(1);
  });
});

it('both packages are published with provenance, the library first', () => {
  mkdirSync(join(folder, 'release'));
  for (const name of ['cavra-release-governance-1.2.3.tgz', 'cavra-release-governance-core-1.2.3.tgz']) {
    writeFileSync(join(folder, 'release', name), '');
  }
  expect(run(stepOf('npm', 'Publish with provenance'))).toMatchObject({ status: 0, stderr: '' });
  expect(calls()).toEqual([
    'npm [publish] [--provenance] [--access] [public] [./release/cavra-release-governance-core-1.2.3.tgz]',
    'npm [publish] [--provenance] [--access] [public] [./release/cavra-release-governance-1.2.3.tgz]',
  ]);
});

describe('a release', () => {
  const step = stepOf('github', 'Release, which nothing can change once it is published');

  beforeEach(() => {
    mkdirSync(join(folder, 'release'));
    mkdirSync(join(folder, 'evidence'));
    cpSync(join(root, 'scripts'), join(folder, 'scripts'), { recursive: true });
    writeFileSync(
      join(folder, 'CHANGELOG.md'),
      '# Changelog\n\n## [1.2.3] - 2026-01-01\n\n### Added\n\n- One thing.\n',
    );
    writeFileSync(join(folder, 'release/SHA256SUMS'), 'x');
    writeFileSync(join(folder, 'release/LICENSE'), 'x');
    program('zip', 'touch evidence.zip');
  });

  it('is published only when every file is in it', () => {
    tags('v1', 'v1.2.2', 'v1.2.3');
    expect(run(step, { PUBLIC_KEY: 'the key' })).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(folder, 'notes.md'), 'utf8')).toContain('- One thing.');
    expect(readFileSync(join(folder, 'release-attestation.pub.pem'), 'utf8')).toBe('the key\n');
    expect(calls().filter((call) => call.startsWith('gh [release]'))).toEqual([
      'gh [release] [create] [v1.2.3] [--draft] [--verify-tag] [--title] [v1.2.3] [--notes-file] [notes.md] [release/LICENSE] [release/SHA256SUMS] [evidence.zip] [release-attestation.pub.pem]',
      'gh [release] [edit] [v1.2.3] [--draft=false] [--latest=true]',
    ]);
  });

  it('is not the latest when an older line gets a fix', () => {
    tags('v1', 'v1.2.3', 'v2', 'v2.0.0');
    expect(run(step, { PUBLIC_KEY: 'the key' })).toMatchObject({ status: 0, stderr: '' });
    expect(calls().at(-1)).toBe('gh [release] [edit] [v1.2.3] [--draft=false] [--latest=false]');
  });

  it('stays a draft when a file cannot be added', () => {
    program('gh', 'echo "$*" >> calls; exit 1');
    expect(run(step, { PUBLIC_KEY: 'the key' }).status).toBe(1);
    expect(calls()).toHaveLength(1);
  });
});

describe('the tag of the major version', () => {
  const step = stepOf('major-tag', "Move the major version's tag");

  it('is made with the first release', () => {
    tags('v1.2.3');
    expect(run(step)).toMatchObject({ status: 0, stderr: '' });
    expect(calls().at(-1)).toBe(
      `gh [api] [--method] [POST] [repos/${REPOSITORY}/git/refs] [-f] [ref=refs/tags/v1] [-f] [sha=${COMMIT}] [--silent]`,
    );
  });

  it('moves with the next', () => {
    tags('v1', 'v1.2.2', 'v1.2.3', 'v1.0.10');
    expect(run(step)).toMatchObject({ status: 0, stderr: '' });
    expect(calls().at(-1)).toBe(
      `gh [api] [--method] [PATCH] [repos/${REPOSITORY}/git/refs/tags/v1] [-f] [sha=${COMMIT}] [-F] [force=true] [--silent]`,
    );
  });

  it('stays with a newer release when an older line gets a fix', () => {
    tags('v1', 'v1.2.3', 'v1.10.0');
    expect(run(step)).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('v1.10.0 is newer') });
    expect(calls()).toHaveLength(1);
  });
});
