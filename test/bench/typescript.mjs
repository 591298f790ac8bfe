// @ts-check
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * Imports a TypeScript file. The platforms of the tests are among what it may import; what is asserted there is not.
 *
 * @param {string} path from this folder
 */
export async function importTypeScript(path) {
  // Beside the sources, so that what they find by their own place is found.
  const outfile = fileURLToPath(new URL(`.${basename(path)}.${process.pid}.mjs`, import.meta.url));
  try {
    await build({
      entryPoints: [fileURLToPath(new URL(path, import.meta.url))],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'warning',
      banner: { js: "import{createRequire as r}from'node:module';const require=r(import.meta.url);" },
      plugins: [
        {
          name: 'without-jest',
          setup({ onResolve, onLoad }) {
            onResolve({ filter: /^@jest\/globals$/ }, (found) => ({ path: found.path, namespace: 'absent' }));
            onLoad({ filter: /./, namespace: 'absent' }, () => ({ contents: 'module.exports = {};' }));
          },
        },
      ],
    });
    return await import(outfile);
  } finally {
    await rm(outfile, { force: true });
  }
}
