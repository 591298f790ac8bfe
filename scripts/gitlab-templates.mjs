// @ts-check
// Generates the GitLab templates and components, and the tables of their inputs in docs/gitlab.md, from gitlab-templates/src and the
// bundle in gitlab-templates/dist. The build does it when the bundle is there, and check-dist compares.
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const DIST = 'gitlab-templates/dist';
const PAGE = 'docs/gitlab.md';

/** The generator is TypeScript that imports the core, so it is bundled before it can run. */
async function loadGenerator() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['gitlab-templates/src/template/index.ts'],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error('the generator has no output');
  return import(`data:text/javascript;base64,${Buffer.from(file.contents).toString('base64')}`);
}

/** Returns the text of every template, and of the page that documents them, by its path from the repository's root. */
export async function generate() {
  const { generateTemplates, withInputTables } = await loadGenerator();
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  /** @type {ReadonlyMap<string, string>} */
  const templates = generateTemplates({
    program: readFileSync(join(root, DIST, 'release-governance.cjs')),
    notices: readFileSync(join(root, DIST, 'THIRD-PARTY-NOTICES.txt'), 'utf8'),
    version,
    committed: (/** @type {string} */ path) => readText(path),
  });
  return new Map([...templates, [PAGE, withInputTables(readFileSync(join(root, PAGE), 'utf8'))]]);
}

/** Writes the templates; returns what was written, as paths from the repository's root. */
export async function writeTemplates() {
  const files = [];
  for (const [path, text] of await generate()) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
    files.push({ path, bytes: Buffer.byteLength(text) });
  }
  return files;
}

/** Returns one line for each template that is not what the sources and the committed bundle generate. */
export async function templateProblems() {
  return [...(await generate())].filter(([path, text]) => readText(path) !== text).map(([path]) => `${path}: differs`);
}

/** @param {string} path */
function readText(path) {
  return existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined;
}
