// @ts-check
// Lets bundles take what they import from the core's public surface from the modules behind it.
//
// A file that imports one name of an index imports all that the index imports: without this, each program would load, before its first
// line, what only its other commands need. The sources keep to the public surface; only bundles are linked past it.
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

const PACKAGE = '@cavra/release-governance-core';
const IMPORT = new RegExp(`^import \\{([^}]*)\\} from '${PACKAGE}';$`, 'gm');
const EXPORT = /^export (type )?(?:\{([^}]*)\}|\*) from '([^']+)';$/gm;

/**
 * @param {string} index absolute path of the core's index.ts
 * @returns {import('esbuild').Plugin}
 */
export function directImports(index) {
  return {
    name: 'direct-imports',
    setup({ onLoad }) {
      const surface = readSurface(index);
      onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8');
        if (!source.includes(`'${PACKAGE}'`)) return undefined;
        const { modules, rest } = await surface;
        const contents = source.replace(IMPORT, (_, names) => rewritten(names, modules, rest));
        return { contents, loader: 'ts' };
      });
    },
  };
}

/**
 * Where the core's public names come from.
 *
 * @param {string} index
 */
async function readSurface(index) {
  /** @type {Map<string, string>} */
  const modules = new Map();
  let rest = '';
  for (const [, isType, names, from] of (await readFile(index, 'utf8')).matchAll(EXPORT)) {
    if (isType) continue;
    const module = resolve(dirname(index), from ?? '');
    if (names === undefined) rest = module;
    for (const name of listed(names ?? '')) modules.set(name, module);
  }
  return { modules, rest };
}

/** @param {string} names @param {ReadonlyMap<string, string>} modules @param {string} rest where names come from that are exported by `*` */
function rewritten(names, modules, rest) {
  /** @type {Map<string, string[]>} */
  const byModule = new Map();
  for (const name of listed(names)) {
    const module = modules.get(name.replace(/ as .*/, '')) ?? rest;
    byModule.set(module, [...(byModule.get(module) ?? []), name]);
  }
  return [...byModule]
    .map(([module, taken]) => `import { ${taken.join(', ')} } from ${JSON.stringify(module)};`)
    .join(' ');
}

/** Names in braces, without types. @param {string} names */
function listed(names) {
  return names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '));
}
