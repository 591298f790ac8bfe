// @ts-check
// Bundles a program into one file of which Node compiles only what a run needs.
//
// All of a program in one module would be compiled at each start, and most of it is never used. So what sources load with `import()`
// is kept in a few parts. A part stands in the file as text and is compiled when it is asked for; what the program loads at once stands
// there as code. It is one file all the same: its SHA-256 is that of everything that decides.
import { join, relative } from 'node:path';
import { build, transform } from 'esbuild';

/**
 * @typedef {object} Program
 * @property {string} entry source file, from the root
 * @property {'esm' | 'cjs'} format
 * @property {import('esbuild').BuildOptions} options of the bundle, without entry, format and outputs
 * @property {ReadonlyMap<string, string>} [apart] source files that are loaded with `import()` but are not in the file, from the root, to
 *   what imports them beside it
 * @property {readonly string[]} [banner] lines before the program
 */

/**
 * @typedef {object} Pieces
 * @property {ReadonlyMap<string, string>} files code of each piece, an ES module, by its name
 * @property {import('esbuild').Metafile} metafile
 */

/**
 * The parts that a run may need on top of the program's own code, by how the paths of their modules begin, from the root; the first
 * that fits has a module. Packages that sources load with `import()` are parts of their own.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const PARTS = {
  tokens: ['packages/core/src/io/tokens/'],
  report: ['packages/core/src/report/', 'packages/core/src/domain/story/'],
  oidc: [
    'packages/core/src/domain/auth/oidc/',
    'packages/core/src/io/http/',
    'packages/core/src/io/http/jwks-source.ts',
  ],
  policy: [
    'packages/core/src/policy/lint-and-explain.ts',
    'packages/core/src/io/yaml/',
    'packages/core/src/policy/trust-policy-file.ts',
    'packages/core/src/io/yaml',
  ],
  daemon: [
    'packages/cli/src/commands/daemon/',
    'packages/cli/src/commands/verify/runtime-verify.ts',
    'packages/core/src/gate/resident/daemon-run.ts',
    'packages/core/src/gate/runtime/external-runtime.ts',
  ],
  rest: [''],
};

const PROGRAM = 'program.mjs';
/** What the texts of the parts begin with, behind the program. */
const TEXTS = 'function __text(name)';
const OUT = 'dist';
// Code that is compiled from memory has nothing that an import() in it could be resolved by.
const WITHOUT_IMPORT = { 'dynamic-import': false };
const URL_OF_FILE = { 'import.meta.url': '__url' };
/** A dynamic import as esbuild writes it. */
const DYNAMIC_IMPORT = /\bimport\("\.\/([\w-]+\.mjs)"\)/g;

/**
 * @param {string} root absolute
 * @param {Program} program
 * @returns {Promise<{ text: string, metafile: import('esbuild').Metafile, sizes: ReadonlyMap<string, number> }>} the file; what was
 *   bundled; and bytes: `program` is what is compiled at once, the others are the parts
 */
export async function bundleOneFile(root, program) {
  const pieces = await buildPieces(root, program, await modulesOfParts(root, program));
  return joinPieces(root, program, pieces);
}

/**
 * Finds the modules that sources load with `import()`, by part.
 *
 * @param {string} root @param {Program} program
 */
async function modulesOfParts(root, { entry, options, apart = new Map() }) {
  const { metafile } = await build({
    ...options,
    absWorkingDir: root,
    entryPoints: [entry],
    outdir: OUT,
    write: false,
    metafile: true,
    format: 'esm',
    splitting: true,
  });
  /** @type {Map<string, Set<string>>} */
  const parts = new Map();
  for (const { path, kind } of Object.values(metafile.inputs).flatMap(({ imports }) => imports)) {
    if (kind !== 'dynamic-import' || !isSource(path) || apart.has(path)) continue;
    parts.set(partOf(path), (parts.get(partOf(path)) ?? new Set()).add(path));
  }
  for (const [part, paths] of parts) requireOwnNames(part, paths, metafile);
  return parts;
}

/**
 * A part has the names of all its modules, and one that two of them have would be silently left out of it.
 *
 * @param {string} part @param {ReadonlySet<string>} paths @param {import('esbuild').Metafile} metafile
 */
function requireOwnNames(part, paths, { outputs }) {
  /** @type {Map<string, string>} */
  const owners = new Map();
  for (const { entryPoint, exports } of Object.values(outputs)) {
    if (entryPoint === undefined || !paths.has(entryPoint)) continue;
    for (const name of exports) {
      const other = owners.get(name);
      if (other !== undefined) {
        throw new Error(`${other} and ${entryPoint} both export ${name}, and are both in the part ${part}: rename one`);
      }
      owners.set(name, entryPoint);
    }
  }
}

/**
 * Builds the program and each part; what more than one of them uses is in pieces of its own.
 *
 * @param {string} root @param {Program} program @param {ReadonlyMap<string, ReadonlySet<string>>} parts
 * @returns {Promise<Pieces>}
 */
async function buildPieces(root, { entry, options, apart = new Map() }, parts) {
  /** @type {import('esbuild').Plugin} */
  const inParts = {
    name: 'in-parts',
    setup({ onResolve, onLoad, resolve }) {
      const inside = Symbol('resolving');
      onResolve({ filter: /^\./ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
        if (kind !== 'dynamic-import' || pluginData === inside) return undefined;
        const found = await resolve(path, { kind, importer, resolveDir, pluginData: inside });
        const source = relative(root, found.path);
        const beside = apart.get(source);
        if (beside !== undefined) return { path: beside, external: true };
        return isSource(source) ? { path: partOf(source), namespace: 'part' } : { ...found, pluginData: undefined };
      });
      onLoad({ filter: /./, namespace: 'part' }, ({ path }) => {
        const modules = [...(parts.get(path) ?? [])].sort().map((source) => JSON.stringify(join(root, source)));
        return { contents: modules.map((module) => `export * from ${module};`).join('\n'), resolveDir: root };
      });
    },
  };
  const { outputFiles, metafile } = await build({
    ...options,
    absWorkingDir: root,
    entryPoints: { program: entry },
    outdir: OUT,
    write: false,
    metafile: true,
    format: 'esm',
    splitting: true,
    outExtension: { '.js': '.mjs' },
    chunkNames: '[name]-[hash]',
    plugins: [inParts, ...(options.plugins ?? [])],
  });
  return { files: new Map(outputFiles.map(({ path, text }) => [relative(join(root, OUT), path), text])), metafile };
}

/**
 * Joins the pieces: as code those that the program loads at once, as text all others.
 *
 * @param {string} root @param {Program} program @param {Pieces} pieces
 */
async function joinPieces(root, { options, format, banner = [] }, { files, metafile }) {
  const imports = (/** @type {string} */ name) => metafile.outputs[`${OUT}/${name}`]?.imports ?? [];
  const atOnce = loadedWith(PROGRAM, imports);
  const code = new Map([...files].map(([name, piece]) => [name, asksForParts(piece, imports(name))]));
  const parts = [...files.keys()].filter((name) => !atOnce.has(name)).sort();
  const texts = await Promise.all(parts.map((name) => asFunctionBody(code.get(name) ?? '', options)));

  const { outputFiles } = await build({
    ...options,
    absWorkingDir: root,
    format,
    define: URL_OF_FILE,
    ...(format === 'cjs' ? { supported: WITHOUT_IMPORT } : {}),
    stdin: { contents: `import 'offers';\nexport * from './${PROGRAM}';`, resolveDir: root },
    outdir: OUT,
    write: false,
    plugins: [
      piecesAsModules(
        code,
        [...atOnce].filter((name) => name !== PROGRAM),
      ),
    ],
    banner: { js: [...banner, ...LOADER[format]].join('\n') },
    footer: { js: textsOf(parts, texts) },
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error('the program has no output');
  const sizes = new Map([['program', file.text.lastIndexOf(TEXTS)]]);
  for (const [index, name] of parts.entries()) {
    const part = name.replace(/-[^-]*$/, '');
    sizes.set(part, (sizes.get(part) ?? 0) + (texts[index]?.length ?? 0));
  }
  return { text: file.text, metafile, sizes };
}

/** Lets a piece ask the loader, as nothing else can find parts in here. @param {string} piece @param {readonly { path: string, kind: string, external?: boolean }[]} imports */
function asksForParts(piece, imports) {
  let replaced = 0;
  const inFile = imports.filter(({ kind, external }) => kind === 'dynamic-import' && external !== true);
  const names = new Set(inFile.map(({ path }) => relative(OUT, path)));
  const text = piece.replace(DYNAMIC_IMPORT, (asWritten, name) => {
    if (!names.has(name)) return asWritten;
    replaced += 1;
    return `__part("${name}")`;
  });
  const expected = inFile.length;
  if (replaced !== expected) throw new Error(`${expected} dynamic imports were expected in a piece, ${replaced} found`);
  return text;
}

/** The code of a piece as the body of a function of LOADER's names. @param {string} code @param {import('esbuild').BuildOptions} options */
async function asFunctionBody(code, { minifyIdentifiers, minifySyntax, minifyWhitespace, charset, target }) {
  const settings = { minifyIdentifiers, minifySyntax, minifyWhitespace, charset, target };
  const known = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  const result = await transform(code, {
    ...known,
    define: URL_OF_FILE,
    format: 'cjs',
    platform: 'node',
    supported: WITHOUT_IMPORT,
  });
  return result.code.trim();
}

/**
 * What finds and compiles parts; `__pieces` holds what is loaded, by name.
 *
 * @type {Readonly<Record<Program['format'], readonly string[]>>}
 */
const LOADER = (() => {
  const loader = [
    'const __pieces=new Map();',
    'const __requirePiece=(name)=>name.startsWith("./")?__piece(name.slice(2)):require(name);',
    'const __part=async(name)=>__piece(name);',
    'function __piece(name){',
    'const known=__pieces.get(name);if(known!==undefined)return known;',
    'const module={exports:{}};',
    '__compile(__text(name),["require","module","exports","__part","__url"],{filename:name})(__requirePiece,module,module.exports,__part,__url);',
    '__pieces.set(name,module.exports);return module.exports}',
  ];
  return {
    // CommonJS dependencies, and the parts, call require(); an ES module has none until it is made.
    esm: [
      "import{createRequire as __createRequire}from'node:module';import{compileFunction as __compile}from'node:vm';",
      'const __url=import.meta.url;const require=__createRequire(__url);',
      ...loader,
    ],
    cjs: [
      "const __compile=require('node:vm').compileFunction;const __url=require('node:url').pathToFileURL(__filename).href;",
      ...loader,
    ],
  };
})();

/** Each text in a function of its own, so that what is not asked for is only passed over. @param {readonly string[]} names @param {readonly string[]} texts */
function textsOf(names, texts) {
  const cases = names.map((name, index) => `case${JSON.stringify(name)}:return __text${index}();`);
  return [
    `${TEXTS}{switch(name){${cases.join('')}}throw new Error("there is no part "+name)}`,
    ...texts.map((text, index) => `function __text${index}(){return${asciiLiteral(text)}}`),
  ].join('\n');
}

/**
 * In single quotes, which minified code has few of itself. Templates with a tag keep what they were written with, which esbuild cannot
 * escape there.
 *
 * @param {string} text
 */
function asciiLiteral(text) {
  const escapes = /** @type {Readonly<Record<string, string>>} */ ({ '\\': '\\\\', "'": "\\'", '\n': '\\n' });
  const escaped = (/** @type {string} */ unit) =>
    escapes[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `'${text.replace(/[\\']|[^ -~]/g, escaped)}'`;
}

/**
 * @param {ReadonlyMap<string, string>} code
 * @param {readonly string[]} offered names of the pieces that parts may import
 * @returns {import('esbuild').Plugin}
 */
function piecesAsModules(code, offered) {
  const offers = offered.flatMap((name, index) => [
    `import * as piece${index} from './${name}';`,
    `__pieces.set(${JSON.stringify(name)}, piece${index});`,
  ]);
  return {
    name: 'pieces-as-modules',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^offers$/ }, ({ path }) => ({ path, namespace: 'offers' }));
      onLoad({ filter: /./, namespace: 'offers' }, () => ({ contents: offers.join('\n') }));
      onResolve({ filter: /^\.\// }, ({ path }) =>
        code.has(path.slice(2)) ? { path: path.slice(2), namespace: 'piece' } : { path, external: true },
      );
      onLoad({ filter: /./, namespace: 'piece' }, ({ path }) => ({ contents: code.get(path) ?? '' }));
    },
  };
}

/** @param {string} path from the root */
function isSource(path) {
  return path.endsWith('.ts') && !path.includes('node_modules/');
}

/** @param {string} path of a source, from the root */
function partOf(path) {
  return Object.keys(PARTS).find((name) => PARTS[name]?.some((start) => path.startsWith(start))) ?? '';
}

/**
 * Names of the pieces that are loaded with one, itself among them.
 *
 * @param {string} first
 * @param {(name: string) => readonly { path: string, kind: string, external?: boolean }[]} imports
 */
function loadedWith(first, imports) {
  /** @type {Set<string>} */
  const found = new Set();
  const open = [first];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    for (const { path, kind, external } of imports(name)) {
      if (kind !== 'dynamic-import' && external !== true) open.push(relative(OUT, path));
    }
  }
  return found;
}
