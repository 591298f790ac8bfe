// @ts-check
// Which packages' code is in a bundle, and the notices that their licences ask for.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * @typedef {object} BundledPackage
 * @property {string} folder absolute
 * @property {{ name: string, version: string, license?: string, repository?: string | { url?: string } }} manifest
 */

/**
 * The packages whose code really is in the bundle, by name and version: inputs that tree shaking left at 0 bytes are not.
 *
 * @param {string} root absolute
 * @param {readonly import('esbuild').Metafile['outputs'][string][]} outputs
 * @returns {Promise<readonly BundledPackage[]>}
 */
export async function bundledPackages(root, outputs) {
  const used = new Set();
  for (const output of outputs) {
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
export async function notices(packages) {
  if (packages.length === 0) return 'This bundle contains no third-party code.\n';
  const sorted = await Promise.all(packages.map(({ folder, manifest }) => notice(folder, manifest)));
  return ['This bundle contains code of the packages below.\n', ...sorted].join(`\n${'-'.repeat(80)}\n\n`);
}

/** @param {string} input */
export function packageFolder(input) {
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
