import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readRepositoryFile, repositoryFiles, root } from '../support/repository.ts';
import { textRules, textViolations, unexplainedFolders } from './hygiene.ts';

const files = repositoryFiles();
const isText = (path: string) => !readFileSync(join(root, path)).subarray(0, 8000).includes(0);

test('no file names a registry, a machine or work undone', () => {
  const rules = textRules(root);
  const texts = files.filter(isText);
  expect(texts.length).toBeGreaterThan(20);
  expect(texts.flatMap((path) => textViolations(path, readRepositoryFile(path), rules))).toEqual([]);
});

test('every top-level folder explains itself', () => {
  expect(unexplainedFolders(files, readRepositoryFile('CONTRIBUTING.md'))).toEqual([]);
});

test('every package has the version of the product and its licence', () => {
  const manifests = files.filter(
    (path) => /(^|\/)package\.json$/.test(path) && !/\/(fixtures|vectors|dist)\//.test(path),
  );
  const { version } = JSON.parse(readRepositoryFile('package.json'));
  expect(manifests).toContain('packages/core/package.json');
  const states = manifests.map((path) => ({ path, ...JSON.parse(readRepositoryFile(path)) }));
  expect(states.filter((state) => state.version !== version).map(({ path }) => path)).toEqual([]);
  expect(states.filter(({ license }) => license !== 'Apache-2.0').map(({ path }) => path)).toEqual([]);
});

test('what is run as a command may be executed', () => {
  const commands = files.filter((path) => /\.([cm]?js|sh)$|^\.ci\//.test(path) && /^#!/.test(readRepositoryFile(path)));
  expect(commands).toContain('.ci/run');
  expect(commands.filter((path) => (statSync(join(root, path)).mode & 0o111) === 0)).toEqual([]);
});

test('every action that a workflow uses is pinned by its commit', () => {
  const workflows = files.filter((path) => /^\.github\/workflows\/.*\.ya?ml$/.test(path));
  expect(workflows.length).toBeGreaterThan(0);
  const used = workflows.flatMap((path) =>
    [...readRepositoryFile(path).matchAll(/\buses:\s*(\S+)/g)].map(([, use]) => use),
  );
  expect(used.filter((use) => !use?.startsWith('./') && !/@[0-9a-f]{40}$/.test(use ?? ''))).toEqual([]);
});

describe('each rule catches what it is for', () => {
  const rules = textRules('/srv/checkout');

  test.each([
    ['pnpm-lock.yaml', `resolution: {${'tarball'}: https://packages.example/a.tgz}`],
    ['.npmrc', `${'registry'}=https://packages.example/`],
    ['docs/a.md', `see https://${['registry', 'npmjs', 'org'].join('.')}/jose`],
    ['packages/cli/src/a.ts', `const x = '/${'home'}/alex/project/a.json';`],
    ['packages/cli/src/a.ts', `const x = '/${'Users'}/alex/project';`],
    ['packages/cli/dist/a.mjs', `"/${'root'}/project"`],
    ['docs/a.md', `C:\\${'Users'}\\alex`],
    ['docs/a.md', 'run it in /srv/checkout/packages'],
    ['packages/cli/src/a.ts', `// ${'TO'}${'DO'}: later`],
    ['packages/cli/src/a.ts', `${'<'.repeat(7)} HEAD`],
  ])('%s: %s', (path, text) => {
    expect(textViolations(path, text, rules)).toHaveLength(1);
  });

  test.each([
    ['docs/a.md', 'GitHub keeps it in /home/runner/work/project/project'],
    ['docs/a.md', 'see https://packages.example/root/a and /srv/checkout-2'],
    ['packages/cli/dist/a.mjs', `// ${'TO'}${'DO'} of a dependency`],
  ])('%s: %s is none', (path, text) => {
    expect(textViolations(path, text, rules)).toEqual([]);
  });

  test('a folder with no word about it', () => {
    const layout = '| `docs/` | what it means |';
    expect(unexplainedFolders(['docs/README.md', 'action.yml'], layout)).toEqual([]);
    expect(unexplainedFolders(['docs/a.md'], layout)).toEqual(['docs: has no README.md']);
    expect(unexplainedFolders(['tmp/README.md'], layout)).toEqual(['tmp: is not in the layout of CONTRIBUTING.md']);
  });
});
