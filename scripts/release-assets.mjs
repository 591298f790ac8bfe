// @ts-check
// Collects what a release publishes, with its checksums, from what the sources build. Two runs give the same bytes.
//
//   node scripts/release-assets.mjs --out FOLDER
//
// SOURCE_DATE_EPOCH (seconds), when it is set, is the time in the bill of materials.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { packExtension } from './azure-extension.mjs';
import { buildBundles } from './build.mjs';
import { isEntry } from './entry.mjs';
import { sbomText } from './sbom.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Files that are published as they are committed. */
const COMMITTED = [
  'packages/cli/dist/cavra-release-governance.mjs',
  'gitlab-templates/release-governance.yml',
  'gitlab-templates/release-governance-verify.yml',
  'LICENSE',
];

/** Packages for the npm registry; the library first, which the command line is made of. */
const PACKAGES = ['packages/core', 'packages/cli'];

export const CHECKSUMS = 'SHA256SUMS';

/**
 * Fills a folder, which must be empty or absent, with the release's files.
 *
 * @param {string} out
 * @param {number} [epochSeconds]
 */
export async function collectAssets(out, epochSeconds) {
  await mkdir(out, { recursive: true });
  if ((await readdir(out)).length > 0) throw new Error(`${out} is not empty`);
  for (const path of COMMITTED) await copyFile(join(root, path), join(out, basename(path)));
  const { name, bytes } = await packExtension();
  await writeFile(join(out, name), bytes);
  await writeFile(join(out, 'release-governance.cdx.json'), await billOfMaterials(epochSeconds));
  run(process.execPath, ['scripts/build-lib.mjs']);
  for (const path of PACKAGES) run('npx', ['-y', 'pnpm@12', '--dir', path, 'pack', '--pack-destination', resolve(out)]);
  await writeFile(join(out, CHECKSUMS), await checksums(out));
}

/**
 * Lines for `sha256sum --check`, sorted by name.
 *
 * @param {string} folder
 */
export async function checksums(folder) {
  const names = (await readdir(folder)).filter((name) => name !== CHECKSUMS).sort();
  const lines = await Promise.all(
    names.map(async (name) => {
      const digest = createHash('sha256')
        .update(await readFile(join(folder, name)))
        .digest('hex');
      return `${digest}  ${name}\n`;
    }),
  );
  return lines.join('');
}

/** @param {number} [epochSeconds] */
async function billOfMaterials(epochSeconds) {
  const builtRoot = await mkdtemp(join(tmpdir(), 'cavra-release-'));
  try {
    const bundles = await buildBundles(builtRoot);
    return await sbomText({ builtRoot, bundles, ...(epochSeconds === undefined ? {} : { epochSeconds }) });
  } finally {
    await rm(builtRoot, { recursive: true });
  }
}

/** @param {string} command @param {readonly string[]} args */
function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
}

if (isEntry(import.meta.url)) {
  const { values } = parseArgs({ options: { out: { type: 'string' } } });
  const epoch = process.env['SOURCE_DATE_EPOCH'];
  if (values.out === undefined) {
    console.error('--out FOLDER is required');
    process.exitCode = 2;
  } else {
    await collectAssets(values.out, epoch === undefined ? undefined : Number(epoch));
    process.stdout.write(await readFile(join(values.out, CHECKSUMS), 'utf8'));
  }
}
