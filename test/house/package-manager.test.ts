import { expect, test } from '@jest/globals';
import { PNPM } from '../../scripts/pnpm.mjs';
import { readRepositoryFile, repositoryFiles } from '../support/repository.ts';

/** Commands that run pnpm, and the version that each names; empty: whatever there is. */
function versionsIn(text: string): readonly string[] {
  return [...text.matchAll(/\b(?:npx|npm exec|corepack)(?: -\S+)* (?:-- )?(pnpm(?:@[\w.^~-]+)?)/g)].map(
    ([, name = '']) => name,
  );
}

test('package.json pins pnpm by version and digest', () => {
  const { packageManager } = JSON.parse(readRepositoryFile('package.json'));
  expect(packageManager).toMatch(/^pnpm@\d+\.\d+\.\d+\+sha512\.[0-9a-f]{128}$/);
  expect(packageManager.startsWith(`${PNPM}+`)).toBe(true);
});

test('every command runs the pinned pnpm', () => {
  const found = repositoryFiles()
    .filter((path) => !/\/dist\/|^CHANGELOG\.md$|^pnpm-lock\.yaml$|package-manager\.test\.ts$/.test(path))
    .flatMap((path) => versionsIn(readRepositoryFile(path)).map((version) => ({ path, version })));
  expect(found.length).toBeGreaterThan(10);
  expect(found.filter(({ version }) => version !== PNPM)).toEqual([]);
});

test.each([
  ['npx -y pnpm@12 test', 'pnpm@12'],
  ['npx pnpm test', 'pnpm'],
  ['npx --yes -- pnpm@latest test', 'pnpm@latest'],
  ['corepack pnpm install', 'pnpm'],
  ['`npm exec pnpm@9.1.0`', 'pnpm@9.1.0'],
])('%s is found', (command, version) => {
  expect(versionsIn(command)).toEqual([version]);
});
