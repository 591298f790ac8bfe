// @ts-check
// What every program begins with: an older Node can neither parse nor link the rest. It is JavaScript that Node 12 reads, without single
// quotes and backslashes, which the script of the GitLab template could not hold.
import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const [, MAJOR, MINOR] = /^>=(\d+)\.(\d+)$/.exec(manifest.engines.node) ?? [];
if (MAJOR === undefined) throw new Error('engines.node of package.json must be >=MAJOR.MINOR');

const READ = 'const [major, minor] = process.versions.node.split(".");';
const SUPPORTED = `major > ${MAJOR} || (major == ${MAJOR} && minor >= ${MINOR})`;

/** @param {string} remedy what to do, in the front end's own words @param {string} [prefix] */
function sentence(remedy, prefix = '') {
  const text = `${prefix}CAVRA-E221: needs Node.js ${MAJOR}.${MINOR} or later and this is `;
  return `${JSON.stringify(text)} + process.versions.node + ${JSON.stringify(`; ${remedy}`)}`;
}

/**
 * Statements that end the process when Node is too old, for a program of one file.
 *
 * @param {string} remedy
 */
export function nodeCheck(remedy) {
  return `${READ}\nif (!(${SUPPORTED})) { console.error(${sentence(remedy)}); process.exit(2); }`;
}

/**
 * A whole entry file, of two lines, which loads the program only where Node can read it.
 *
 * @param {string} program specifier of the module to load
 * @param {string} remedy
 * @param {string} prefix of the line that the platform shows as an error
 */
export function checkingEntry(program, remedy, prefix) {
  const load = `import(${JSON.stringify(program)})`;
  const refuse = `(process.exitCode = 2, console.log(${sentence(remedy, prefix)}))`;
  return `${READ}\nif (${SUPPORTED}) ${load}; else ${refuse};\n`;
}
