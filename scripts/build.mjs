// @ts-check
// Builds every bundle that CI jobs run, from the table below, into the dist/ folders that are committed.
//
//   node scripts/build.mjs [--out FOLDER]
//
// With --out the same tree is written under FOLDER instead of the repository; check-dist compares the two. Without it the GitLab
// templates are generated too, which carry their programs inside them.
import { mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundlePrograms } from './bundle.mjs';
import { isEntry } from './entry.mjs';
import { writeTemplates } from './gitlab-templates.mjs';
import { bundledPackages, notices } from './notices.mjs';

// @actions/core imports half a megabyte of HTTP client for a function that nothing here uses.
const ACTIONS_TOOLKIT = ['@actions/core', '@actions/exec', '@actions/http-client', 'tunnel', 'undici'];

const ON_GITHUB = {
  oldNode: 'update the runner of this job, which brings the Node.js of its actions',
  errorPrefix: '::error title=CAVRA::',
};

/**
 * The bundles; to add one, add an entry.
 *
 * @type {readonly import('./bundle.mjs').Bundle[]}
 */
export const bundles = [
  {
    dist: 'packages/cli/dist',
    programs: { 'cavra-release-governance': { source: 'packages/cli/src/main.ts', kilobytes: 1100 } },
    form: 'module',
    oldNode: 'run this command with a newer one',
    command: true,
  },
  {
    dist: 'actions/release-governance/dist',
    programs: {
      main: { source: 'actions/release-governance/src/main.ts', kilobytes: 500 },
      post: { source: 'actions/release-governance/src/post.ts', kilobytes: 500 },
    },
    form: 'modules',
    ...ON_GITHUB,
    pure: ACTIONS_TOOLKIT,
    // The artifact client can also list, download and delete; the gate only uploads.
    without: ['unzip-stream', '@actions/github', '@octokit', 'apache-arrow'],
  },
  {
    dist: 'actions/verify/dist',
    programs: { main: { source: 'actions/verify/src/main.ts', kilobytes: 200 } },
    form: 'modules',
    ...ON_GITHUB,
    pure: ACTIONS_TOOLKIT,
  },
  {
    dist: 'gitlab-templates/dist',
    programs: {
      'release-governance': { source: 'gitlab-templates/src/gate.ts', kilobytes: 850 },
      'release-governance-verify': { source: 'gitlab-templates/src/verify.ts', kilobytes: 450 },
    },
    form: 'script',
  },
  {
    dist: 'azure-task/release-governance/dist',
    programs: { main: { source: 'azure-task/release-governance/src/main.ts', kilobytes: 500 } },
    form: 'modules',
    oldNode: 'update the agent of this job, which brings the Node.js of its tasks',
    errorPrefix: '##vso[task.complete result=Failed;]',
    // The task library can also run tools and find files.
    without: ['q', 'minimatch'],
  },
];

const root = await realpath(fileURLToPath(new URL('..', import.meta.url)));
const NOTICES = 'THIRD-PARTY-NOTICES.txt';

/** @param {import('./bundle.mjs').Bundle} bundle @param {string} outRoot @param {string} version */
async function buildBundle(bundle, outRoot, version) {
  const outdir = join(outRoot, bundle.dist);
  const { files: written, outputs } = await bundlePrograms(root, bundle, version);
  await rm(outdir, { recursive: true, force: true });
  await mkdir(outdir, { recursive: true });
  /** @type {WrittenFile[]} */
  const files = [];
  for (const { name, text, mode, ...facts } of written) {
    await writeFile(join(outdir, name), text, { mode });
    files.push({ path: join(bundle.dist, name), bytes: Buffer.byteLength(text), ...facts });
  }
  const packages = await bundledPackages(root, outputs);
  await writeFile(join(outdir, NOTICES), await notices(packages), { mode: 0o644 });
  return { ...bundle, files, packages };
}

/**
 * Builds every bundle under `outRoot`; returns for each the files written, as paths from there, and the packages in it.
 */
export async function buildBundles(outRoot = root) {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const built = [];
  for (const bundle of bundles) {
    built.push(
      await buildBundle(bundle, outRoot, version).catch((cause) => {
        throw new Error(`${bundle.dist} cannot be built: ${cause.message}`, { cause });
      }),
    );
  }
  return built;
}

/**
 * @typedef {object} WrittenFile
 * @property {string} path from the root
 * @property {number} bytes
 * @property {string} [program] that it is the entry of
 * @property {number} [start] bytes that are compiled when that program starts
 */

/** Builds every bundle under `outRoot`; returns the files written, as paths from there. */
export async function buildAll(outRoot = root) {
  return (await buildBundles(outRoot)).flatMap(({ files }) => files);
}

/** @param {number} bytes */
function kibibytes(bytes) {
  return `${(bytes / 1024).toFixed(1)} KiB`;
}

if (isEntry(import.meta.url)) {
  const { values } = parseArgs({ options: { out: { type: 'string' } } });
  try {
    const files = await buildAll(values.out ?? root);
    /** @type {readonly WrittenFile[]} */
    const generated = values.out === undefined ? await writeTemplates() : [];
    for (const { path, bytes, start } of [...files, ...generated]) {
      const compiled = start === undefined ? '' : `, ${kibibytes(start)} at its start`;
      console.log(`${path.split(sep).join('/').padEnd(64)} ${kibibytes(bytes).padStart(12)}${compiled}`);
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
