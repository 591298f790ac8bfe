import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { zipSync } from 'fflate';
import { CLI_BUNDLE, HMAC_ENVIRONMENT } from '../support/cli.ts';
import { blocksFor, blocksOfPage } from '../support/documentation.ts';
import { readRepositoryFile, root } from '../support/repository.ts';

const OWN = blocksFor('test/e2e/readme.test.ts');

/** The shell blocks of a page. */
function shellBlocks(page: string): string[] {
  return OWN.filter((block) => block.page === page && block.language === 'sh').map(({ text }) => text);
}

/** The shell blocks of the README, each run as it stands in a folder that has what its reader would have. */
const BLOCKS = shellBlocks('README.md');
/** Pages whose blocks are run one after another. */
const PAGES = [...new Set(OWN.map(({ page }) => page))].filter((page) => page !== 'README.md');
const SCRIPTS: Readonly<Record<string, string>> = JSON.parse(readRepositoryFile('package.json')).scripts;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cavra-readme-'));
  await cp(join(root, 'examples'), join(folder, 'examples'), { recursive: true });
  await cp(join(root, 'examples/approved-promotion.json'), join(folder, 'release-request.json'));
  await cp(join(root, 'examples/trust-policy-github.yaml'), join(folder, 'trust-policy.yaml'));
  await symlink(join(root, 'packages'), join(folder, 'packages'));
  await symlink(join(root, 'gitlab-templates'), join(folder, 'gitlab-templates'));
  await mkdir(join(folder, 'bin'));
  await command('cavra-release-governance', `exec "${process.execPath}" "${CLI_BUNDLE}" "$@"`);
  // As npx would run what it has fetched.
  await command('npx', 'test "$1" = @cavra/release-governance && shift && exec cavra-release-governance "$@"');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function command(name: string, script: string): Promise<void> {
  await writeFile(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, 'bin', name), 0o755);
}

function shell(script: string) {
  const keys = script.includes('--ephemeral-keys') ? {} : HMAC_ENVIRONMENT;
  return spawnSync('sh', ['-eu', '-c', script], {
    cwd: folder,
    encoding: 'utf8',
    env: {
      ...keys,
      PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
      CAVRA_RUNNER_REPOSITORY: 'example-org/shop',
      CAVRA_RUNNER_RUN_ID: '123456',
    },
  });
}

/** A run of the gate, for commands that look at evidence and do not make it. */
function evidenceFor(script: string): string {
  return /\bgate\b/.test(script) ? '' : 'cavra-release-governance gate release-request.json > /dev/null\n';
}

const usesPackageManager = (block: string) => block.startsWith('npx -y pnpm');

/** What the readers of a page have beside the files of everybody. */
const PREPARATIONS: Readonly<Record<string, () => Promise<void>>> = {
  'SECURITY.md': async () => {
    await writeFile(join(folder, 'cavra-release-governance.mjs'), readFileSync(CLI_BUNDLE));
    await command('gh', 'test "$1 $2" = "attestation verify"');
    const made = shell(RELEASE);
    expect(made).toMatchObject({ status: 0, stderr: '' });
    const evidence = join(folder, 'evidence');
    const files = readdirSync(evidence).map((name) => [`evidence/${name}`, readFileSync(join(evidence, name))]);
    await writeFile(join(folder, 'evidence.zip'), zipSync(Object.fromEntries(files)));
  },
  'docs/air-gapped.md': async () => {
    const program = readFileSync(CLI_BUNDLE);
    const digest = createHash('sha256').update(program).digest('hex');
    await writeFile(join(folder, 'cavra-release-governance.mjs'), program);
    await writeFile(
      join(folder, 'SHA256SUMS'),
      `${digest}  cavra-release-governance.mjs\n${'0'.repeat(64)}  LICENSE\n`,
    );
  },
  'docs/trust-policy.md': async () => {
    await cp(join(folder, 'release-request.json'), join(folder, 'request.json'));
    const example = blocksOfPage('docs/trust-policy.md').find(({ heading }) => heading === 'HMAC and local runners');
    await writeFile(join(folder, 'trust-policy.yaml'), trustingThisRunner(example?.text ?? ''));
    await writeFile(join(folder, 'claims.json'), JSON.stringify(CLAIMS));
  },
};

/** The example about local runners, for the key of this test and the request of its reader, and one about the claims. */
function trustingThisRunner(example: string): string {
  return `${example
    .replace('ci-runner-2026-q4', HMAC_ENVIRONMENT.CAVRA_RUNNER_AUTH_KEY_ID)
    .replace('octo-org/octo-repo', 'example-org/shop')
    .replace('[rollout-evidence-capture]', '[rollout-promotion-execution]')}  - name: production
    provider: github-actions
    match: { repository: octo-org/octo-repo, repository_id: '74', ref: refs/heads/main, environment: production }
    requests: { target: production }
`;
}

/** A release as the workflow leaves it: its file, sealed by the gate, with checksums and the public key. */
const RELEASE = `
openssl genpkey -algorithm ed25519 -out attestation.pem
openssl pkey -in attestation.pem -pubout -out release-attestation.pub.pem
export CAVRA_ATTESTATION_KEY="$(cat attestation.pem)" CAVRA_RUNNER_REF=refs/tags/v1.2.3
export CAVRA_RUNNER_REPOSITORY=cavra/release-governance CAVRA_SUBJECT_PATH=cavra-release-governance.mjs
cavra-release-governance gate release-request.json --evidence-dir evidence > /dev/null
sha256sum cavra-release-governance.mjs > SHA256SUMS
`;

const CLAIMS = {
  iss: 'https://token.actions.githubusercontent.com',
  aud: 'cavra-release-governance',
  repository: 'octo-org/octo-repo',
  repository_id: '74',
  ref: 'refs/heads/main',
  ref_type: 'branch',
  environment: 'production',
  event_name: 'push',
};

describe('the README', () => {
  it('has the two commands, and they are scripts of the repository', () => {
    const names = blocksIn('README.md', 'sh')
      .filter(usesPackageManager)
      .map((block) => /^npx -y pnpm@12 (\S+)\n$/.exec(block)?.[1]);
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
    const { status, stderr } = shell(evidenceFor(block) + block);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

/** The blocks of a page in one language. */
function blocksIn(page: string, language: string): string[] {
  return blocksOfPage(page)
    .filter((block) => block.language === language)
    .map(({ text }) => text);
}

it.each(['docs/github.md', 'docs/gitlab.md', 'docs/azure.md'])('the README shows the request of %s', async (page) => {
  const [request = ''] = blocksIn('README.md', 'json');
  expect(blocksIn(page, 'json')).toEqual([request]);
  // What the pages say of it, and of two changes to it.
  for (const [text, decision] of [
    [request, 'allow'],
    [request.replace('"approved"', '"pending"'), 'require_approval'],
    [request.replace('"intact"', '"tampered"'), 'block'],
  ] as const) {
    await writeFile(join(folder, 'request.json'), text);
    const { status, stdout, stderr } = shell('cavra-release-governance request lint request.json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`the strict rules decide ${decision} by`);
  }
});

describe('the README’s pipelines', () => {
  it.each(['docs/github.md', 'docs/gitlab.md', 'docs/azure.md'])(
    'begin as %s does, whose pipelines are tested',
    (page) => {
      const [first] = blocksIn(page, 'yaml');
      expect(blocksIn('README.md', 'yaml')).toContain(first);
    },
  );

  it('are no others', () => {
    expect(blocksIn('README.md', 'yaml')).toHaveLength(3);
  });
});

describe('the documentation', () => {
  it.each(PAGES)('%s has commands that work', async (page) => {
    await PREPARATIONS[page]?.();
    const blocks = shellBlocks(page);
    expect(blocks.length).toBeGreaterThan(0);
    const { status, stdout, stderr } = shell(`${evidenceFor(blocks.join(''))}${blocks.join('\n')}`);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).not.toMatch(/FAIL|NOT VALID/);
  });

  it('shows how to compute the hash and the signature of a record', () => {
    const [hash = '', signature = ''] = shellBlocks('docs/evidence-format.md');
    expect(shell('cavra-release-governance gate release-request.json').status).toBe(0);
    const record = JSON.parse(readFileSync(join(folder, '.cavra/go-daemon/release-governance-evidence.jsonl'), 'utf8'));
    expect(shell(hash).stdout).toContain(record.record_hash);
    expect(shell(signature).stdout).toContain(record.signature.value);
  });
});
