// @ts-check
// Runs the pnpm that package.json pins, of the pinned digest; needs Node and npm alone.
//
//   node scripts/pnpm.mjs [ARGUMENT…]
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isEntry } from './entry.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { packageManager } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const [, PACKAGE = '', SHA512 = ''] = /^(pnpm@\d+\.\d+\.\d+)\+sha512\.([0-9a-f]{128})$/.exec(packageManager) ?? [];
if (PACKAGE === '') throw new Error('packageManager of package.json must be pnpm@VERSION+sha512.HEX');

/** `pnpm@VERSION`, as npx takes it. */
export const PNPM = PACKAGE;

/** @param {readonly string[]} args @param {import('node:child_process').StdioOptions} [stdio] */
export function runPnpm(args, stdio = 'inherit') {
  return spawnSync('npx', ['-y', PNPM, ...args], { cwd: root, stdio }).status ?? 1;
}

/**
 * npm holds what it downloads to the digest that the registry gives, so that one must be the pinned one.
 *
 * @throws Error the registry gives another, or none
 */
export function checkPnpm() {
  const { stdout } = spawnSync('npm', ['view', PNPM, 'dist.integrity'], { cwd: root, encoding: 'utf8' });
  const given = Buffer.from(/^sha512-(\S+)/.exec(stdout)?.[1] ?? '', 'base64').toString('hex');
  if (given !== SHA512)
    throw new Error(`${PNPM} has SHA-512 ${given || '(unknown)'} in the registry, pinned is ${SHA512}`);
}

if (isEntry(import.meta.url)) {
  try {
    checkPnpm();
    process.exitCode = runPnpm(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
