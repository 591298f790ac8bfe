// @ts-check
// Builds the library as it is published: packages/core/dist, one .js and .d.ts for each source.
import { spawnSync } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'packages/core/dist');

await rm(dist, { recursive: true, force: true });
const tsc = spawnSync(join(root, 'node_modules/.bin/tsc'), ['--project', 'packages/core/tsconfig.lib.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (tsc.status !== 0) process.exit(tsc.status ?? 1);

// What esbuild's `define` does for the bundles.
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
for (const name of await readdir(dist, { recursive: true })) {
  if (!name.endsWith('.js')) continue;
  const text = await readFile(join(dist, name), 'utf8');
  const defined = text.replaceAll('__CAVRA_VERSION__', JSON.stringify(version));
  if (defined !== text) await writeFile(join(dist, name), defined);
}
console.log(`packages/core/dist is version ${version}`);
