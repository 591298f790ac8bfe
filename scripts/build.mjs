// @ts-check
// Builds every bundle that CI jobs run, from the table below, into the dist/ folders that are committed.
//
//   node scripts/build.mjs [--out FOLDER]
//
// With --out the same tree is written under FOLDER instead of the repository; check-dist compares the two. Without it the GitLab
// templates are generated too, which carry their bundle inside them.
import { mkdir, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { directImports } from './direct-imports.mjs';
import { isEntry } from './entry.mjs';
import { writeTemplates } from './gitlab-templates.mjs';
import { bundleOneFile } from './one-file.mjs';

/**
 * @typedef {object} Bundle
 * @property {string} dist folder that holds it, from the root; it belongs to the build, which empties it first
 * @property {Record<string, string>} programs output name, without its extension, to source file; see one-file.mjs
 * @property {number} kilobytes that a program may be of what is compiled at its start, 1,024 bytes each; the build fails beyond
 * @property {Record<string, string>} [apart] output name to a module that programs load with `import()`, in a file of its own
 * @property {boolean} [command] runs as a program, so it gets a `#!` line and the executable bit
 * @property {readonly string[]} [pure] packages that only define things, so that what nobody uses of them can be left out; they
 *   do not say so of themselves
 * @property {readonly string[]} [without] packages of features that are never used here; an empty module takes their place
 * @property {'esm' | 'cjs'} [format] `esm` (.mjs, the default) or `cjs` (.cjs), for hosts that start no ES module
 */

// @actions/core imports half a megabyte of HTTP client for a function that nothing here uses.
const ACTIONS_TOOLKIT = ['@actions/core', '@actions/exec', '@actions/http-client', 'tunnel', 'undici'];

/**
 * The bundles; to add one, add an entry.
 *
 * @type {readonly Bundle[]}
 */
export const bundles = [
  {
    dist: 'packages/cli/dist',
    programs: { 'cavra-release-governance': 'packages/cli/src/main.ts' },
    kilobytes: 250,
    command: true,
  },
  {
    dist: 'actions/release-governance/dist',
    programs: {
      main: 'actions/release-governance/src/main.ts',
      post: 'actions/release-governance/src/post.ts',
    },
    kilobytes: 250,
    apart: { 'artifact-client': 'actions/release-governance/src/artifact-client.ts' },
    pure: ACTIONS_TOOLKIT,
    // The artifact client can also list, download and delete; the gate only uploads.
    without: ['unzip-stream', '@actions/github', '@octokit'],
  },
  {
    dist: 'actions/verify/dist',
    programs: { main: 'actions/verify/src/main.ts' },
    kilobytes: 250,
    pure: ACTIONS_TOOLKIT,
  },
  {
    dist: 'gitlab-templates/dist',
    programs: { 'release-governance': 'gitlab-templates/src/main.ts' },
    kilobytes: 200,
    format: 'cjs',
  },
  {
    dist: 'azure-task/release-governance/dist',
    programs: { main: 'azure-task/release-governance/src/main.ts' },
    kilobytes: 250,
    // The task library can also run tools and find files.
    without: ['q', 'minimatch'],
  },
];

/**
 * @typedef {object} BundledPackage
 * @property {string} folder absolute
 * @property {{ name: string, version: string, license?: string, repository?: string | { url?: string } }} manifest
 */

const root = await realpath(fileURLToPath(new URL('..', import.meta.url)));
const CORE_INDEX = join(root, 'packages/core/src/index.ts');
const NOTICES = 'THIRD-PARTY-NOTICES.txt';

// CommonJS dependencies call require() for Node's own modules; an ES module has none until it is made.
const REQUIRE_BANNER =
  "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);";

/** @param {Bundle} bundle @param {string} outRoot @param {string} version */
async function buildBundle(bundle, outRoot, version) {
  const outdir = join(outRoot, bundle.dist);
  await rm(outdir, { recursive: true, force: true });
  await mkdir(outdir, { recursive: true });
  const written = [];
  for (const [name, entry] of Object.entries(bundle.programs)) {
    written.push(await buildProgram(bundle, { name, entry, version }));
  }
  for (const [name, entry] of Object.entries(bundle.apart ?? {})) {
    written.push(await buildApart(bundle, { name, entry, version }));
  }
  const files = [];
  for (const { name, text, mode } of written) {
    await writeFile(join(outdir, name), text, { mode });
    files.push({ path: join(bundle.dist, name), bytes: Buffer.byteLength(text) });
  }
  const packages = await bundledPackages(written.map(({ metafile }) => metafile));
  await writeFile(join(outdir, NOTICES), await notices(packages), { mode: 0o644 });
  return { dist: bundle.dist, files, packages, parts: new Map(written.map(({ name, sizes }) => [name, sizes])) };
}

/** @param {Bundle} bundle @param {{ name: string, entry: string, version: string }} program */
async function buildProgram({ command, kilobytes, apart, format = 'esm', ...bundle }, { name, entry, version }) {
  const { text, metafile, sizes } = await bundleOneFile(root, {
    entry,
    format,
    options: options(bundle, version),
    apart: new Map(Object.entries(apart ?? {}).map(([file, source]) => [source, `./${file}.mjs`])),
    banner: command ? ['#!/usr/bin/env node'] : [],
  });
  const bytes = sizes.get('program') ?? Number.NaN;
  if (!(bytes <= kilobytes * 1024)) {
    throw new Error(`${name} compiles ${bytes} bytes at its start, more than the ${kilobytes} KiB of its budget`);
  }
  return { name: `${name}${format === 'esm' ? '.mjs' : '.cjs'}`, text, metafile, sizes, mode: command ? 0o755 : 0o644 };
}

/** @param {Bundle} bundle @param {{ name: string, entry: string, version: string }} module */
async function buildApart(bundle, { name, entry, version }) {
  const { outputFiles, metafile } = await build({
    ...options(bundle, version),
    absWorkingDir: root,
    entryPoints: [entry],
    write: false,
    metafile: true,
    format: 'esm',
    banner: { js: REQUIRE_BANNER },
  });
  const text = outputFiles.map((file) => file.text).join('');
  return { name: `${name}.mjs`, text, metafile, sizes: new Map([[name, text.length]]), mode: 0o644 };
}

/** @param {Pick<Bundle, 'pure' | 'without'>} bundle @param {string} version @returns {import('esbuild').BuildOptions} */
function options({ pure = [], without = [] }, version) {
  return {
    bundle: true,
    platform: 'node',
    target: 'node20',
    // Node reads a file of nothing else faster.
    charset: 'ascii',
    legalComments: 'none',
    minifyWhitespace: true,
    minifyIdentifiers: true,
    minifySyntax: true,
    treeShaking: true,
    define: { __CAVRA_VERSION__: JSON.stringify(version) },
    plugins: [directImports(CORE_INDEX), pureImports(pure), absentPackages(without)],
    logLevel: 'warning',
  };
}

/**
 * Marks imports of these packages, and those within them, as droppable.
 *
 * @param {readonly string[]} packages
 * @returns {import('esbuild').Plugin}
 */
function pureImports(packages) {
  const inside = Symbol('resolving');
  return {
    name: 'pure-imports',
    setup({ onResolve, resolve }) {
      onResolve({ filter: /./ }, async ({ path, pluginData, importer, kind, resolveDir }) => {
        const internal = packages.some((name) => importer.includes(`/node_modules/${name}/`));
        if (pluginData === inside || !(internal || isOf(packages, path))) return;
        const result = await resolve(path, { importer, kind, resolveDir, pluginData: inside });
        return { ...result, pluginData: undefined, sideEffects: false };
      });
    },
  };
}

/**
 * Puts an empty module in the place of these packages.
 *
 * @param {readonly string[]} packages
 * @returns {import('esbuild').Plugin}
 */
function absentPackages(packages) {
  return {
    name: 'absent-packages',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^[^./]/ }, ({ path }) => (isOf(packages, path) ? { path, namespace: 'absent' } : undefined));
      // CommonJS, of which any name may be imported.
      onLoad({ filter: /./, namespace: 'absent' }, () => ({ contents: 'module.exports={};' }));
    },
  };
}

/** @param {readonly string[]} packages names or scopes @param {string} path of an import */
function isOf(packages, path) {
  return packages.some((name) => path === name || path.startsWith(`${name}/`));
}

/**
 * The packages whose code really is in the bundle, by name and version: inputs that tree shaking left at 0 bytes are not.
 *
 * @param {readonly import('esbuild').Metafile[]} metafiles
 * @returns {Promise<readonly BundledPackage[]>}
 */
async function bundledPackages(metafiles) {
  const used = new Set();
  for (const output of metafiles.flatMap(({ outputs }) => Object.values(outputs))) {
    for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
      if (bytesInOutput > 0 && input.includes('node_modules/')) used.add(packageFolder(input));
    }
  }
  const found = new Map();
  for (const path of used) {
    const folder = join(root, path);
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    found.set(`${manifest.name}@${manifest.version}`, { folder, manifest });
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}

/** @param {readonly BundledPackage[]} packages */
async function notices(packages) {
  if (packages.length === 0) return 'This bundle contains no third-party code.\n';
  const sorted = await Promise.all(packages.map(({ folder, manifest }) => notice(folder, manifest)));
  return ['This bundle contains code of the packages below.\n', ...sorted].join(`\n${'-'.repeat(80)}\n\n`);
}

/** @param {string} input */
function packageFolder(input) {
  const marker = 'node_modules/';
  const start = input.lastIndexOf(marker) + marker.length;
  const [first = '', second = ''] = input.slice(start).split('/');
  return input.slice(0, start) + (first.startsWith('@') ? `${first}/${second}` : first);
}

/** @param {string} folder @param {{ name: string, version: string, license?: unknown }} manifest */
async function notice(folder, manifest) {
  const texts = (await readdir(folder)).filter((name) => /^(licen[cs]e|notice|copying)([.-]|$)/i.test(name)).sort();
  if (texts.length === 0 && typeof manifest.license !== 'string') {
    throw new Error(`${manifest.name} states no licence: it cannot be bundled`);
  }
  const bodies = await Promise.all(texts.map(async (name) => (await readFile(join(folder, name), 'utf8')).trim()));
  const head = `${manifest.name} ${manifest.version} (${manifest.license ?? 'see below'})`;
  return `${[head, ...bodies].join('\n\n').replaceAll('\r\n', '\n')}\n`;
}

/** Builds every bundle under `outRoot`; returns for each the files written, as paths from there, and the packages in it. */
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
    const built = await buildBundles(values.out ?? root);
    const generated = values.out === undefined ? await writeTemplates() : [];
    const files = built.flatMap((bundle) => bundle.files);
    for (const { path, bytes } of [...files, ...generated]) {
      console.log(`${path.split(sep).join('/').padEnd(64)} ${kibibytes(bytes).padStart(12)}`);
    }
    for (const [program, sizes] of built.flatMap(({ parts }) => [...parts])) {
      const list = [...sizes].map(([part, bytes]) => `${part} ${kibibytes(bytes)}`);
      console.log(`${program}: ${list.join(', ')}`);
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
