// @ts-check
// Makes the next version of the committed changesets: one for every package, for the extension's manifest and in the bundles, with the
// changes moved into CHANGELOG.md. Nothing is committed.
//
//   node scripts/release-version.mjs
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isEntry } from './entry.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Headings of Keep a Changelog, in its order. */
const KINDS = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security'];
const UNRELEASED = '## [Unreleased]';

/** Files that say the version beside the packages that changesets knows. */
const FURTHER_MANIFESTS = ['package.json', 'azure-task/vss-extension.json'];

/**
 * The changelog with its unreleased part and the summaries of changesets as the section of a version.
 *
 * @param {string} changelog
 * @param {{ version: string, date: string, summaries: readonly string[] }} release `date` as YYYY-MM-DD
 */
export function releasedChangelog(changelog, { version, date, summaries }) {
  const start = changelog.indexOf(`${UNRELEASED}\n`);
  if (start < 0) throw new Error(`CHANGELOG.md has no line ${UNRELEASED}`);
  const bodyStart = start + UNRELEASED.length + 1;
  const next = changelog.indexOf('\n## [', bodyStart);
  const end = next < 0 ? changelog.length : next + 1;
  const parts = unreleasedParts(changelog.slice(bodyStart, end));
  for (const summary of summaries) {
    const [, kind = 'Changed', text = ''] = /^(?:(\w+): )?([\s\S]*)$/.exec(summary.trim()) ?? [];
    if (!KINDS.includes(kind)) throw new Error(`a changeset begins with ${kind}, expected one of ${KINDS.join(', ')}`);
    const item = `- ${text.trim().replaceAll('\n', '\n  ')}`;
    parts.set(kind, [parts.get(kind), item].filter(Boolean).join('\n'));
  }
  if (parts.size === 0) throw new Error('there is nothing to release');
  const body = KINDS.flatMap((kind) => (parts.has(kind) ? [`### ${kind}\n\n${parts.get(kind)}\n`] : [])).join('\n');
  const rest = changelog.slice(end);
  return `${changelog.slice(0, start)}${UNRELEASED}\n\n## [${version}] - ${date}\n\n${body}${rest === '' ? '' : `\n${rest}`}`;
}

/** @param {string} body @returns {Map<string, string>} text under each heading */
function unreleasedParts(body) {
  const parts = new Map();
  for (const section of body.split(/^### /m).slice(1)) {
    const [kind = '', ...lines] = section.split('\n');
    parts.set(kind.trim(), lines.join('\n').trim());
  }
  return parts;
}

/**
 * A manifest's text with another version, and nothing else changed.
 *
 * @param {string} manifest
 * @param {string} version
 */
export function withVersion(manifest, version) {
  const line = /^( *"version": )"[^"]*"/m;
  if (!line.test(manifest)) throw new Error('a manifest has no line with its version');
  return manifest.replace(line, `$1"${version}"`);
}

/** @returns {{ version: string, summaries: readonly string[] }} */
function plan() {
  const folder = mkdtempSync(join(tmpdir(), 'cavra-changes-'));
  try {
    const file = join(folder, 'plan.json');
    run('changeset', 'status', '--output', file);
    /** @type {{ changesets: { summary: string }[], releases: { newVersion: string }[] }} */
    const { changesets, releases } = JSON.parse(readFileSync(file, 'utf8'));
    const versions = [...new Set(releases.map(({ newVersion }) => newVersion))];
    const [version] = versions;
    if (version === undefined || versions.length > 1) throw new Error('the packages have no one next version');
    return { version, summaries: changesets.map(({ summary }) => summary) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {readonly string[]} args of pnpm */
function run(...args) {
  const { status } = spawnSync('npx', ['-y', 'pnpm@12', ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error(`pnpm ${args.join(' ')} failed`);
}

/** @param {string} path @param {(text: string) => string} edit */
function rewrite(path, edit) {
  writeFileSync(join(root, path), edit(readFileSync(join(root, path), 'utf8')));
}

if (isEntry(import.meta.url)) {
  const { version, summaries } = plan();
  run('changeset', 'version');
  for (const path of FURTHER_MANIFESTS) rewrite(path, (text) => withVersion(text, version));
  const date = new Date().toISOString().slice(0, 'YYYY-MM-DD'.length);
  rewrite('CHANGELOG.md', (text) => releasedChangelog(text, { version, date, summaries }));
  // task.json has the version as well, and the bundles have it in them.
  const generated = spawnSync(process.execPath, ['scripts/generate-schemas.mjs'], { cwd: root, stdio: 'inherit' });
  if (generated.status !== 0) throw new Error('scripts/generate-schemas.mjs failed');
  run('build');
  console.log(`version ${version}: review the changes, commit them, and tag the commit v${version} once it is on main`);
}
