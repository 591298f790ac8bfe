// @ts-check
// Prints the changelog's section of a version, for the page of its release.
//
//   node scripts/release-notes.mjs v0.1.0
import { readFileSync } from 'node:fs';
import { isEntry } from './entry.mjs';

/**
 * @param {string} changelog
 * @param {string} version
 */
export function releaseNotes(changelog, version) {
  const heading = `## [${version}]`;
  const start = changelog.indexOf(`\n${heading}`);
  if (start < 0) throw new Error(`CHANGELOG.md has no section ${heading}`);
  const bodyStart = changelog.indexOf('\n', start + 1) + 1;
  const end = changelog.indexOf('\n## [', bodyStart);
  return `${changelog.slice(bodyStart, end < 0 ? undefined : end).trim()}\n`;
}

if (isEntry(import.meta.url)) {
  const changelog = readFileSync(new URL('../CHANGELOG.md', import.meta.url), 'utf8');
  process.stdout.write(releaseNotes(changelog, String(process.argv[2]).replace(/^v/, '')));
}
