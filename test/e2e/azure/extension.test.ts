import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { unzipSync } from 'fflate';
import { packExtension } from '../../../scripts/azure-extension.mjs';
import { HMAC_ENVIRONMENT } from '../../support/cli.ts';
import { nodeBinaries } from '../../support/node-versions.ts';
import { readRepositoryFile, root } from '../../support/repository.ts';
import { FakeAgent, readManifest } from './agent.ts';
import { APPROVED, expectGoodManners, result } from './fixture.ts';
import { TASK_SCHEMA } from './task-schema.ts';

const MIB = 1024 * 1024;

let folder: string;
let unpacked: string;
let packed: Uint8Array;
let names: readonly string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cavra vsix '));
  unpacked = join(folder, 'extension');
  packed = (await packExtension()).bytes;
  const parts = unzipSync(packed);
  names = Object.keys(parts);
  for (const [name, bytes] of Object.entries(parts)) {
    mkdirSync(dirname(join(unpacked, name)), { recursive: true });
    writeFileSync(join(unpacked, name), bytes);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const part = (name: string) => readFileSync(join(unpacked, name));
const manifest = () => JSON.parse(readRepositoryFile('azure-task/vss-extension.json'));
const productVersion = () => JSON.parse(readRepositoryFile('package.json')).version;

it('is the same package each time', async () => {
  const again = await packExtension();
  expect(Buffer.compare(packed, again.bytes)).toBe(0);
  expect(again.name).toBe(`cavra.release-governance-${productVersion()}.vsix`);
});

it('has what the task needs, and neither sources nor packages', () => {
  expect([...names].sort()).toEqual([
    'LICENSE.txt',
    '[Content_Types].xml',
    'extension.vsixmanifest',
    'extension.vsomanifest',
    'images/icon.png',
    'overview.md',
    'release-governance/dist/THIRD-PARTY-NOTICES.txt',
    'release-governance/dist/main.mjs',
    'release-governance/icon.png',
    'release-governance/task.json',
  ]);
  // Azure DevOps Server takes no more.
  expect(packed.length).toBeLessThan(25 * MIB);
});

it('has the licences of the product and of what is bundled', () => {
  expect(part('LICENSE.txt').toString()).toMatch(/Apache License\s+Version 2\.0/);
  const notices = part('release-governance/dist/THIRD-PARTY-NOTICES.txt').toString();
  for (const name of ['azure-pipelines-task-lib', 'jose', 'yaml', 'semver', 'yauzl']) {
    expect(notices).toMatch(new RegExp(`^${name} [0-9.]+ \\(`, 'm'));
  }
});

it('has the version of the product in every place', () => {
  const version = productVersion();
  expect(manifest().version).toBe(version);
  expect(part('extension.vsixmanifest').toString()).toContain(` Version="${version}"`);
});

it('keeps the marketplace’s limits', () => {
  const { description, icons, content } = manifest();
  expect(description.length).toBeLessThanOrEqual(200);
  expect(pngSize(part(icons.default))).toEqual([128, 128]);
  expect(pngSize(part('release-governance/icon.png'))).toEqual([32, 32]);
  expect(part(content.details.path).toString()).toMatch(/^# /);
});

it('names a content type for every file, and every asset is there', () => {
  const types = part('[Content_Types].xml').toString();
  for (const name of names.filter((each) => !each.startsWith('['))) {
    expect(types).toContain(`Extension="${/\.[^.]+$/.exec(name)?.[0]}"`);
  }
  const assets = [
    ...part('extension.vsixmanifest')
      .toString()
      .matchAll(/ Path="([^"]+)"/g),
  ].map(([, path]) => path);
  expect(assets.length).toBeGreaterThan(4);
  for (const path of assets) expect(names).toContain(path);
});

describe('the task in it', () => {
  it('is declared as the agent’s schema has it', () => {
    const task = JSON.parse(part('release-governance/task.json').toString());
    const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(TASK_SCHEMA);
    expect({ valid: validate(task), errors: validate.errors }).toEqual({ valid: true, errors: null });
    const { contributions } = JSON.parse(part('extension.vsomanifest').toString());
    expect(contributions).toMatchObject([
      { type: 'ms.vss-distributed-task.task', properties: { name: 'release-governance' } },
    ]);
  });

  it('has targets that are there', () => {
    const task = readManifest(join(unpacked, 'release-governance'));
    for (const { target } of Object.values(task.execution)) {
      expect(existsSync(join(unpacked, 'release-governance', target))).toBe(true);
    }
  });

  it.each(nodeBinaries())('runs from the unpacked package on $name', async (node) => {
    const agent = new FakeAgent({
      folder: mkdtempSync(join(folder, 'agent ')),
      taskFolder: join(unpacked, 'release-governance'),
    });
    cpSync(join(root, 'examples'), join(agent.sources, 'examples'), { recursive: true });
    const step = {
      node,
      inputs: { request: APPROVED, auth: 'hmac' },
      variables: {
        TF_BUILD: 'True',
        SYSTEM_HOSTTYPE: 'build',
        BUILD_REPOSITORY_NAME: 'example-org/example-repo',
        BUILD_BUILDID: '7',
      },
      secrets: HMAC_ENVIRONMENT,
    };
    const run = await agent.run(step);
    expectGoodManners(run, step);
    expect(result(run)).toBe('Succeeded');
    expect(run.artifacts).toHaveLength(1);
  });
});

/** Width and height, from a PNG's header. */
function pngSize(bytes: Buffer): readonly [number, number] {
  expect(bytes.subarray(1, 4).toString('latin1')).toBe('PNG');
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}
