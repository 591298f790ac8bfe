// @ts-check
// Generates the GitLab templates and components from gitlab-templates/src and the bundle in gitlab-templates/dist.
//
//   node scripts/gitlab-templates.mjs [--check]
//
// With --check nothing is written; exit status 1 names what is not as it should be.
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { isEntry } from './entry.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const DIST = 'gitlab-templates/dist';

/** The generator is TypeScript that imports the core, so it is bundled before it can run. */
async function loadGenerator() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['gitlab-templates/src/template/templates.ts'],
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

/** Returns the text of every template by its path from the repository's root. */
export async function generate() {
  const { generateTemplates } = await loadGenerator();
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  /** @type {ReadonlyMap<string, string>} */
  const templates = generateTemplates({
    program: readFileSync(join(root, DIST, 'release-governance.cjs')),
    notices: readFileSync(join(root, DIST, 'THIRD-PARTY-NOTICES.txt'), 'utf8'),
    version,
    committed: (/** @type {string} */ path) => readText(path),
  });
  return templates;
}

/** @param {string} path */
function readText(path) {
  return existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined;
}

if (isEntry(import.meta.url)) {
  const { values } = parseArgs({ options: { check: { type: 'boolean' } } });
  try {
    for (const [path, text] of await generate()) {
      if (values.check) {
        if (readText(path) === text) continue;
        console.error(`${path}: is not what the sources generate; run \`npx -y pnpm@12 build\` and commit the result`);
        process.exitCode = 1;
        continue;
      }
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
      console.log(`${path.padEnd(64)} ${(text.length / 1024).toFixed(1).padStart(8)} KiB`);
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
