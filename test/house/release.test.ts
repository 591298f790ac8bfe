import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { buildBundles } from '../../scripts/build.mjs';
import { checksums } from '../../scripts/release-assets.mjs';
import { releaseNotes } from '../../scripts/release-notes.mjs';
import { releasedChangelog, withVersion } from '../../scripts/release-version.mjs';
import { sbomText } from '../../scripts/sbom.mjs';
import { CLI_BUNDLE, HMAC_ENVIRONMENT, runCli } from '../support/cli.ts';
import { readRepositoryFile, root } from '../support/repository.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cavra-release-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('the changelog', () => {
  const before = `# Changelog

About it.

## [Unreleased]

### Added

- One thing.

### Fixed

- A fault.

## [0.1.0] - 2026-01-01

### Added

- The beginning.
`;
  const after = releasedChangelog(before, {
    version: '0.2.0',
    date: '2026-02-03',
    summaries: ['Added: another thing\nof two lines.\n', 'Security: a hole.', 'without a kind.'],
  });

  it('gets a section of the changes, by kind', () => {
    expect(after).toBe(`# Changelog

About it.

## [Unreleased]

## [0.2.0] - 2026-02-03

### Added

- One thing.
- another thing
  of two lines.

### Changed

- without a kind.

### Fixed

- A fault.

### Security

- a hole.

## [0.1.0] - 2026-01-01

### Added

- The beginning.
`);
  });

  it('gives the notes of one version', () => {
    expect(releaseNotes(after, '0.1.0')).toBe('### Added\n\n- The beginning.\n');
    expect(releaseNotes(after, '0.2.0')).toMatch(/^### Added\n\n- One thing\.[\s\S]*- a hole\.\n$/);
    expect(() => releaseNotes(after, '9.9.9')).toThrow('no section');
  });

  it('takes neither an unknown kind nor an empty release', () => {
    const release = { version: '1.0.0', date: '2026-02-03' };
    expect(() => releasedChangelog(before, { ...release, summaries: ['Broken: it'] })).toThrow('expected one of Added');
    expect(() => releasedChangelog('# C\n\n## [Unreleased]\n', { ...release, summaries: [] })).toThrow(
      'nothing to release',
    );
  });

  it('has what the scripts look for', () => {
    expect(readRepositoryFile('CHANGELOG.md')).toContain('\n## [Unreleased]\n');
    for (const path of ['package.json', 'azure-task/vss-extension.json']) {
      const text = readRepositoryFile(path);
      expect(JSON.parse(withVersion(text, '9.8.7'))).toEqual({ ...JSON.parse(text), version: '9.8.7' });
    }
  });
});

it('checksums are those of sha256sum', async () => {
  const files = join(folder, 'files');
  mkdirSync(files);
  writeFileSync(join(files, 'b'), 'two');
  writeFileSync(join(files, 'a'), 'one');
  writeFileSync(join(files, 'SHA256SUMS'), await checksums(files));
  expect(execFileSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: files, encoding: 'utf8' })).toBe(
    'a: OK\nb: OK\n',
  );
});

describe('the bill of materials', () => {
  let bundles: Awaited<ReturnType<typeof buildBundles>>;
  let text: string;

  beforeAll(async () => {
    bundles = await buildBundles(join(folder, 'built'));
    text = await sbomText({ builtRoot: join(folder, 'built'), bundles, epochSeconds: 1_700_000_000 });
  });

  it('names every bundle, every file by its digest, and every package of the notices', () => {
    const { components, metadata } = JSON.parse(text);
    expect(metadata).toMatchObject({
      timestamp: '2023-11-14T22:13:20.000Z',
      component: { name: 'release-governance' },
    });
    const libraries = components
      .filter(({ type }: Component) => type === 'library')
      .map(({ group, name, version }: Component) => `${group === undefined ? '' : `${group}/`}${name} ${version}`);
    for (const { dist, files } of bundles) {
      const bundle = components.find(({ name }: Component) => name === dist);
      expect(bundle.components.map(({ name }: Component) => name).sort()).toEqual(files.map(({ path }) => path).sort());
      const notices = readFileSync(join(folder, 'built', dist, 'THIRD-PARTY-NOTICES.txt'), 'utf8');
      for (const [, name, version] of notices.matchAll(/^-{80}\n\n(\S+) (\S+) \(/gm)) {
        expect(libraries).toContain(`${name} ${version}`);
      }
    }
    expect(libraries.join('\n')).toMatch(/^jose 6\./m);
    expect(components.every(({ type, licenses }: Component) => type === 'file' || licenses !== undefined)).toBe(true);
  });

  it('is the same when it is written again', async () => {
    expect(await sbomText({ builtRoot: join(folder, 'built'), bundles, epochSeconds: 1_700_000_000 })).toBe(text);
  });
});

describe('the project’s own gate', () => {
  const workflow = parse(readRepositoryFile('.github/workflows/release.yml')) as {
    readonly jobs: { readonly gate: { readonly steps: readonly { readonly name?: string; readonly run?: string }[] } };
  };
  const CLAIMS = {
    iss: 'https://token.actions.githubusercontent.com',
    repository: 'cavra/release-governance',
    repository_id: '1',
    ref: 'refs/tags/v1.2.3',
    ref_type: 'tag',
    sha: '0123456789abcdef0123456789abcdef01234567',
    environment: 'release',
    event_name: 'push',
    workflow_ref: 'cavra/release-governance/.github/workflows/release.yml@refs/tags/v1.2.3',
    run_id: '77',
    run_attempt: '1',
  };

  beforeAll(async () => {
    const release = join(folder, 'work/release');
    mkdirSync(release, { recursive: true });
    cpSync(CLI_BUNDLE, join(release, 'cavra-release-governance.mjs'));
    writeFileSync(join(release, 'SHA256SUMS'), await checksums(release));
    const script = workflow.jobs.gate.steps.find(({ name }) => name === 'Write the request')?.run ?? '';
    execFileSync('bash', ['-e', '-o', 'pipefail', '-c', script], {
      cwd: join(folder, 'work'),
      env: { PATH: process.env['PATH'], GITHUB_RUN_ID: '77', GITHUB_ACTOR: 'releaser', GITHUB_REF_NAME: 'v1.2.3' },
    });
  });

  it('allows the request that the workflow writes, by its approval', async () => {
    const { status, stdout } = await runCli(['gate', 'work/release-request.json', '--format', 'json'], {
      workingDirectory: folder,
      environment: HMAC_ENVIRONMENT,
    });
    expect(status).toBe(0);
    expect(JSON.parse(stdout).decisions).toMatchObject([
      { rule_id: 'release_governance.approval.approved', met: true },
    ]);
  });

  it.each([
    ['a release', {}, 0],
    ['another repository', { repository: 'cavra/release-governance-fork' }, 3],
    ['a branch', { ref: 'refs/heads/main' }, 3],
    ['no environment', { environment: undefined }, 3],
    ['another environment', { environment: 'staging' }, 3],
    ['another event', { event_name: 'pull_request_target' }, 3],
    ['another workflow', { workflow_ref: 'cavra/release-governance/.github/workflows/ci.yml@refs/tags/v1.2.3' }, 3],
    ['another issuer', { iss: 'https://token.actions.githubusercontent.com.evil.example' }, 3],
  ])('trusts who may release: %s', async (_, changes, expected) => {
    writeFileSync(join(folder, 'claims.json'), JSON.stringify({ ...CLAIMS, ...changes }));
    const { status, stdout, stderr } = await runCli(
      [
        'policy',
        'explain',
        join(root, '.github/release-trust-policy.yaml'),
        '--claims',
        'claims.json',
        '--request',
        'work/release-request.json',
      ],
      { workingDirectory: folder },
    );
    expect({ status, output: `${stdout}${stderr}` }).toEqual({ status: expected, output: expect.any(String) });
  });
});

interface Component {
  readonly type: string;
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  readonly licenses?: unknown;
}
