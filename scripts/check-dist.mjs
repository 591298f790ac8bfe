// @ts-check
// Rebuilds every bundle and compares it, byte for byte, with what is committed. Exit status 1 names what differs.
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildAll, bundles } from './build.mjs';
import { isEntry } from './entry.mjs';
import { templateProblems } from './gitlab-templates.mjs';

/**
 * Compares the dist folders under two roots; returns one line for each file that differs.
 *
 * @param {string} committedRoot
 * @param {string} builtRoot
 * @param {readonly string[]} folders paths from either root
 */
export async function compareDist(committedRoot, builtRoot, folders) {
  /** @type {string[]} */
  const problems = [];
  for (const folder of folders) {
    const committed = await listFiles(join(committedRoot, folder));
    const built = await listFiles(join(builtRoot, folder));
    for (const name of [...new Set([...committed, ...built])].sort()) {
      const path = `${folder}/${name}`;
      if (!built.has(name)) problems.push(`${path}: is not a product of the build`);
      else if (!committed.has(name)) problems.push(`${path}: is missing`);
      else problems.push(...(await compareFile(path, join(committedRoot, path), join(builtRoot, path))));
    }
  }
  return problems;
}

/** @param {string} path @param {string} committed @param {string} built */
async function compareFile(path, committed, built) {
  const [a, b] = await Promise.all([readFile(committed), readFile(built)]);
  if (!a.equals(b)) return [`${path}: differs (${a.length} bytes committed, ${b.length} bytes built)`];
  const [modeA, modeB] = await Promise.all([stat(committed), stat(built)]);
  if ((modeA.mode & 0o100) !== (modeB.mode & 0o100)) return [`${path}: has the wrong executable bit`];
  return [];
}

/** @param {string} folder */
async function listFiles(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return new Set(
    entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name))),
  );
}

if (isEntry(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const fresh = await mkdtemp(join(tmpdir(), 'cavra-dist-'));
  try {
    await buildAll(fresh);
    const problems = await compareDist(
      root,
      fresh,
      bundles.map(({ dist }) => dist),
    );
    problems.push(...(await templateProblems()));
    for (const problem of problems) console.error(problem);
    if (problems.length > 0) {
      console.error('dist is not what the sources build; run `npx -y pnpm@12 build` and commit the result');
      process.exitCode = 1;
    } else {
      console.log(`${bundles.length} dist folders and the GitLab templates are what the sources build`);
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}
