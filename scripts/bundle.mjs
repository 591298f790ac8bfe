// @ts-check
// Bundles programs with esbuild: into one file each, or into an entry and modules beside it that are loaded when they are needed.
import { basename } from 'node:path';
import { build } from 'esbuild';
import { absentPackages, pureImports } from './bundle-plugins.mjs';
import { checkingEntry, nodeCheck } from './node-check.mjs';
import { packageFolder } from './notices.mjs';

/**
 * @typedef {object} Program
 * @property {string} source file, from the root
 * @property {number} kilobytes that it may be of what is compiled at its start, 1,024 bytes each; the build fails beyond
 */

/**
 * @typedef {object} Bundle
 * @property {string} dist folder that holds it, from the root; it belongs to the build, which empties it first
 * @property {Record<string, Program>} programs by output name, without its extension
 * @property {'module' | 'script' | 'modules'} form `module`: one .mjs file; `script`: one .cjs file; `modules`: .mjs files, the program
 *   and what it loads with `import()`
 * @property {string} [oldNode] what to do where Node is too old, in the front end's own words; a `script` is only run where it is not
 * @property {string} [errorPrefix] of a line that the platform shows as an error
 * @property {boolean} [command] runs as a program, so it gets a `#!` line and the executable bit
 * @property {readonly string[]} [pure] packages that only define things, so that what nobody uses of them can be left out; they
 *   do not say so of themselves
 * @property {readonly string[]} [without] packages of features that are never used here; an empty module takes their place
 */

/**
 * @typedef {object} BuiltFile
 * @property {string} name
 * @property {string} text
 * @property {number} mode
 * @property {string} [program] that it is the entry of
 * @property {number} [start] bytes that are compiled when that program starts
 */

/** @typedef {import('esbuild').Metafile['outputs'][string]} Output */

const OUT = 'dist';
/** The oldest Node whose syntax has all that would be slower in other words; it only reads the check that a program begins with. */
const PARSED_BY = 'node14.6';
const RUN_BY = 'node20';

/** CommonJS dependencies call require(), and so does a program of one file; a module has none, and a script does not know its URL. */
const HEAD_OF_MODULE =
  "import{createRequire as __createRequire}from'module';const __url=import.meta.url,require=__createRequire(__url);";
const HEAD_OF_SCRIPT = "const __url=require('node:url').pathToFileURL(__filename).href;";

/**
 * @param {string} root absolute @param {Bundle} bundle @param {string} version
 * @returns {Promise<{ files: readonly BuiltFile[], outputs: readonly Output[] }>}
 */
export async function bundlePrograms(root, bundle, version) {
  /** @type {{ files: readonly BuiltFile[], outputs: readonly Output[] }[]} */
  const built = [];
  if (bundle.form === 'modules') built.push(await inModules(root, bundle, version));
  else {
    for (const [name, { source }] of Object.entries(bundle.programs)) {
      built.push(await inOneFile(root, bundle, { name, source, version }));
    }
  }
  const files = built.flatMap((each) => each.files);
  for (const { name, program = '', start = 0 } of files) {
    const { kilobytes = 0 } = bundle.programs[program] ?? {};
    if (start > kilobytes * 1024) {
      throw new Error(`${name} compiles ${start} bytes at its start, more than the ${kilobytes} KiB of its budget`);
    }
  }
  return { files, outputs: built.flatMap((each) => each.outputs) };
}

/**
 * The program is a function, so that nothing of it runs, and no module of Node is asked for, before Node is known to be new enough.
 *
 * @param {string} root @param {Bundle} bundle @param {{ name: string, source: string, version: string }} program
 */
async function inOneFile(root, bundle, { name, source, version }) {
  const isModule = bundle.form === 'module';
  const { outputFiles, metafile } = await build({
    ...options(root, bundle, version),
    entryPoints: [source],
    format: isModule ? 'iife' : 'cjs',
    target: isModule ? PARSED_BY : RUN_BY,
    ...(isModule ? {} : { supported: { 'dynamic-import': false } }),
  });
  const head = isModule
    ? [...(bundle.command ? ['#!/usr/bin/env node'] : []), nodeCheck(bundle.oldNode ?? ''), HEAD_OF_MODULE]
    : [HEAD_OF_SCRIPT];
  const text = [...head, ...outputFiles.map((file) => ascii(file.text))].join('\n');
  const file = { name: `${name}.${isModule ? 'mjs' : 'cjs'}`, text, mode: bundle.command ? 0o755 : 0o644 };
  return {
    files: [{ ...file, program: name, start: Buffer.byteLength(text) }],
    outputs: Object.values(metafile.outputs),
  };
}

/**
 * Each program has an entry of two lines, which loads it. All programs share the modules.
 *
 * @param {string} root @param {Bundle} bundle @param {string} version
 */
async function inModules(root, bundle, version) {
  const { outputFiles, metafile } = await build({
    ...options(root, bundle, version),
    entryPoints: Object.fromEntries(
      Object.entries(bundle.programs).map(([name, { source }]) => [`${name}-program`, source]),
    ),
    format: 'esm',
    target: RUN_BY,
    splitting: true,
    outExtension: { '.js': '.mjs' },
    chunkNames: '[name]-[hash]',
    banner: { js: HEAD_OF_MODULE },
  });
  const programs = Object.keys(bundle.programs).map((name) => ({ name, path: `${OUT}/${name}-program.mjs` }));
  // What is only loaded by what was left out is made too.
  const used = loadedFrom(
    programs.map(({ path }) => path),
    metafile,
  );
  const names = moduleNames(used);
  const modules = outputFiles
    .map(({ path, text }) => ({ path: `${OUT}/${basename(path)}`, text }))
    .flatMap(({ path, text }) => {
      if (!used.has(path)) return [];
      const renamed = [...names].reduce((code, [from, to]) => code.replaceAll(`"./${from}"`, `"./${to}"`), ascii(text));
      return [{ name: names.get(basename(path)) ?? basename(path), text: renamed, mode: 0o644 }];
    });
  const entries = programs.map(({ name, path }) => {
    const text = checkingEntry(`./${basename(path)}`, bundle.oldNode ?? '', bundle.errorPrefix ?? '');
    const start = [...loadedFrom([path], metafile, ({ kind }) => kind !== 'dynamic-import').values()];
    const bytes = start.reduce((sum, each) => sum + each.bytes, 0);
    return { name: `${name}.mjs`, text, mode: 0o644, program: name, start: bytes };
  });
  return { files: [...entries, ...modules], outputs: [...used.values()] };
}

/** Node reads a file of nothing else faster, and esbuild leaves templates with a tag as they were written. @param {string} text */
function ascii(text) {
  return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * Names without a hash, so that a change renames nothing: a module that is loaded late is named after its source or package, and what
 * several share is `shared`, the larger first.
 *
 * @param {ReadonlyMap<string, Output>} outputs @returns {ReadonlyMap<string, string>} by esbuild's own names
 */
function moduleNames(outputs) {
  const bySize = [...outputs].sort(([, a], [, b]) => b.bytes - a.bytes);
  const shared = bySize.filter(([, { entryPoint }]) => entryPoint === undefined).map(([path]) => basename(path));
  const names = new Map(shared.map((name, index) => [name, index === 0 ? 'shared.mjs' : `shared-${index + 1}.mjs`]));
  for (const [path, { entryPoint }] of bySize) {
    if (entryPoint === undefined || path.endsWith('-program.mjs')) continue;
    names.set(basename(path), `${sourceName(entryPoint)}.mjs`);
  }
  if (new Set(names.values()).size < names.size) {
    throw new Error(`two modules that are loaded late have one name: ${[...names.values()].sort().join(', ')}`);
  }
  return names;
}

/** @param {string} source path from the root */
function sourceName(source) {
  const name = basename(source.replace(/^absent:/, '')).replace(/\.[cm]?[jt]s$/, '');
  if (!source.includes('node_modules/')) return name;
  const bundled = basename(packageFolder(source));
  return name === 'index' ? bundled : `${bundled}-${name}`;
}

/**
 * Modules, and those that they import, directly or not.
 *
 * @param {readonly string[]} paths @param {import('esbuild').Metafile} metafile
 * @param {(imported: Output['imports'][number]) => boolean} follows
 * @returns {ReadonlyMap<string, Output>} by path
 */
function loadedFrom(paths, { outputs }, follows = () => true) {
  /** @type {Map<string, Output>} */
  const found = new Map();
  const open = new Set(paths);
  for (const path of open) {
    const output = outputs[path];
    if (output === undefined) continue;
    found.set(path, output);
    for (const imported of output.imports) if (imported.external !== true && follows(imported)) open.add(imported.path);
  }
  return found;
}

/** @param {string} root @param {Bundle} bundle @param {string} version */
function options(root, { form, pure = [], without = [] }, version) {
  return /** @satisfies {import('esbuild').BuildOptions} */ ({
    absWorkingDir: root,
    bundle: true,
    outdir: OUT,
    write: false,
    metafile: true,
    platform: 'node',
    charset: 'ascii',
    legalComments: 'none',
    minify: true,
    treeShaking: true,
    define: {
      __CAVRA_VERSION__: JSON.stringify(version),
      ...(form === 'modules' ? {} : { 'import.meta.url': '__url' }),
    },
    plugins: [pureImports(pure), absentPackages(without)],
    logLevel: 'warning',
  });
}
