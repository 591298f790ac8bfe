import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { transformSync } from 'esbuild';
import { bundles } from '../../scripts/build.mjs';
import { bundlePrograms } from '../../scripts/bundle.mjs';
import { CLI_BUNDLE, HMAC_ENVIRONMENT } from '../support/cli.ts';
import { nodeBinaries, oldNodeBinaries } from '../support/node-versions.ts';
import { root } from '../support/repository.ts';

/** Entries of programs in several files. */
const ENTRIES = [
  'actions/release-governance/dist/main.mjs',
  'actions/release-governance/dist/post.mjs',
  'actions/verify/dist/main.mjs',
  'azure-task/release-governance/dist/main.mjs',
];

/** In bytes. */
function budgetOf(path: string): number {
  const bundle = bundles.find(({ dist }) => dist === dirname(path));
  return (bundle?.programs[basename(path).replace(/\.[cm]js$/, '')]?.kilobytes ?? 0) * 1024;
}

/** What a program in modules loads: what `pattern` finds in its files, beginning with `entry`. */
function loadedFrom(entry: string, pattern: RegExp): { readonly files: readonly string[]; readonly text: string } {
  const folder = join(root, dirname(entry));
  const found = new Set([entry.slice(dirname(entry).length + 1)]);
  let text = '';
  for (const name of found) {
    const file = readFileSync(join(folder, name), 'latin1');
    text += file;
    for (const [, imported = ''] of file.matchAll(pattern)) found.add(imported);
  }
  return { files: [...found], text };
}

const STATIC = /(?:from|import)"\.\/([\w.-]+\.mjs)"/g;
const ANY = /(?:from|import)\(?"\.\/([\w.-]+\.mjs)"/g;

describe('a committed bundle compiles little at its start', () => {
  it.each(ENTRIES)('%s, without a YAML parser, TLS or an artifact client', (entry) => {
    const { text } = loadedFrom(entry.replace('.mjs', '-program.mjs'), STATIC);
    expect(text.length).toBeGreaterThan(50 * 1024);
    expect(text.length).toBeLessThanOrEqual(budgetOf(entry));
    const heavy = ['yaml.org', '@azure', 'from"node:tls"', 'from"node:http"', 'from"node:https"', 'from"https"'];
    expect(heavy.filter((name) => text.includes(name))).toEqual([]);
  });

  it.each([
    'packages/cli/dist/cavra-release-governance.mjs',
    'gitlab-templates/dist/release-governance.cjs',
    'gitlab-templates/dist/release-governance-verify.cjs',
  ])('%s, which is one file', (path) => {
    expect(readFileSync(join(root, path)).length).toBeLessThanOrEqual(budgetOf(path));
  });

  it('and the command line loads no TLS for a run without a token', () => {
    const folder = mkdtempSync(join(tmpdir(), 'cavra-start-'));
    try {
      const preload = join(folder, 'tell.cjs');
      const list = "require('node:fs').writeFileSync('list.json', JSON.stringify(process.moduleLoadList))";
      writeFileSync(preload, `process.on('exit', () => ${list});`);
      const run = spawnSync(
        process.execPath,
        ['--require', preload, CLI_BUNDLE, 'gate', join(root, 'examples/approved-promotion.json')],
        { cwd: folder, env: HMAC_ENVIRONMENT, encoding: 'utf8' },
      );
      expect(run).toMatchObject({ stderr: '', status: 0 });
      const loaded: readonly string[] = JSON.parse(readFileSync(join(folder, 'list.json'), 'utf8'));
      expect(loaded).toContain('NativeModule fs');
      expect(loaded.filter((name) => /^NativeModule (tls|https?)$/.test(name))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([...new Set(ENTRIES.map((path) => dirname(path)))])('%s has no file that nothing loads', (folder) => {
    const entries = ENTRIES.filter((path) => dirname(path) === folder);
    const loaded = entries.flatMap((entry) => loadedFrom(entry, ANY).files);
    const files = readdirSync(join(root, folder)).filter((name) => name.endsWith('.mjs'));
    expect(files.sort()).toEqual([...new Set(loaded)].sort());
    // Names are for people, and stay when the content changes.
    expect(files.filter((name) => /[A-Z0-9]{8}/.test(name))).toEqual([]);
  });

  it('and Node reads it fast, as ASCII', () => {
    for (const path of [...ENTRIES, 'packages/cli/dist/cavra-release-governance.mjs']) {
      const { text } = loadedFrom(path, ANY);
      expect({ path, at: /[\x80-\xff]/.exec(text)?.index }).toEqual({ path, at: undefined });
    }
  });
});

describe('an older Node', () => {
  const commandLine = 'packages/cli/dist/cavra-release-governance.mjs';
  const programs = [commandLine, ...ENTRIES];

  it.each(oldNodeBinaries())('$name says so, in one sentence', ({ path: node, version }) => {
    for (const program of programs) {
      const run = spawnSync(node, [join(root, program), 'gate'], { encoding: 'utf8', env: {} });
      expect({ program, status: run.status }).toEqual({ program, status: 2 });
      expect((run.stdout + run.stderr).trim().split('\n')).toEqual([
        expect.stringContaining(`CAVRA-E221: needs Node.js 20.19 or later and this is ${version}; `),
      ]);
    }
  });

  it.each(['20.18.3', '20.0.0', '19.9.0', '9.11.2'])('says so where it could read all, as %s', (version) => {
    const folder = mkdtempSync(join(tmpdir(), 'cavra-old-node-'));
    try {
      const preload = join(folder, 'older.cjs');
      writeFileSync(
        preload,
        `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`,
      );
      for (const program of programs) {
        const run = spawnSync(process.execPath, ['--require', preload, join(root, program)], { encoding: 'utf8' });
        expect({ program, status: run.status }).toEqual({ program, status: 2 });
        expect(run.stdout + run.stderr).toMatch(/^[^\n]*CAVRA-E221: [^\n]*\n$/);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    ['node14.6', [commandLine]],
    ['node12.20', ENTRIES],
  ])('%s can read what is to say it', (target, paths) => {
    for (const path of paths) {
      const text = readFileSync(join(root, path), 'utf8');
      const options = { minifyWhitespace: true, legalComments: 'none' } as const;
      const asIs = transformSync(text, { ...options, target: 'esnext' }).code;
      expect(transformSync(text, { ...options, target }).code === asIs).toBe(true);
    }
  });
});

describe('the bundler', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cavra-bundle-'));
    const files = {
      // A class that the program and what it loads late must have in common, and a state that must be one.
      'state.ts': 'export class Fault extends Error {}\nexport const log: string[] = [];',
      'main.ts': `import { Fault, log } from './state.ts';
        async function run() {
          log.push('started');
          if (process.argv.at(-1) === 'fail') {
            const { attempt } = await import('./first.ts');
            try { await attempt() } catch (error) { log.push(String(error instanceof Fault)) }
          }
          console.log(log.join());
        }
        void run();`,
      'first.ts': `import { sep } from 'node:path';
        import { log } from './state.ts';
        log.push('late');
        export async function attempt() {
          const { fail } = await import('./second.ts');
          if (!import.meta.url.startsWith('file:///')) throw new Error('has no place');
          fail(sep + 'ü');
        }`,
      'second.ts': `import { Fault, log } from './state.ts';
        export function fail(text: string): never { log.push(text); throw new Fault(text) }`,
    };
    for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const bundle = (form: 'module' | 'script' | 'modules', kilobytes = 10) => {
    const main = { source: 'main.ts', kilobytes };
    const programs = { main, ...(form === 'modules' ? { post: main } : {}) };
    return bundlePrograms(folder, { dist: 'dist', programs, form, oldNode: 'find another' }, '1.0.0');
  };
  const written = async (form: 'module' | 'script' | 'modules') => {
    const { files } = await bundle(form);
    for (const { name, text } of files) writeFileSync(join(folder, name), text);
    return files;
  };

  it.each(nodeBinaries())('makes programs that work on $name', async ({ path: node }) => {
    for (const form of ['module', 'script', 'modules'] as const) {
      const [entry] = await written(form);
      const run = (word: string) => spawnSync(node, [join(folder, entry?.name ?? ''), word], { encoding: 'utf8' });
      expect(run('fine')).toMatchObject({ stdout: 'started\n', stderr: '', status: 0 });
      expect(run('fail')).toMatchObject({ stdout: 'started,late,/ü,true\n', stderr: '', status: 0 });
    }
  });

  it('makes one file, or entries of two lines over the same modules', async () => {
    expect((await bundle('module')).files.map(({ name }) => name)).toEqual(['main.mjs']);
    expect((await bundle('script')).files.map(({ name }) => name)).toEqual(['main.cjs']);
    const { files } = await bundle('modules');
    expect(files.map(({ name }) => name).sort()).toEqual(
      [
        'main.mjs',
        'post.mjs',
        'main-program.mjs',
        'post-program.mjs',
        'first.mjs',
        'second.mjs',
        'shared.mjs',
        'shared-2.mjs',
      ].sort(),
    );
    expect(
      files
        .find(({ name }) => name === 'post.mjs')
        ?.text.trim()
        .split('\n'),
    ).toHaveLength(2);
  });

  it('refuses two modules of one name', async () => {
    writeFileSync(join(folder, 'third.ts'), "export const load = () => import('tinyglobby');");
    writeFileSync(join(folder, 'tinyglobby.ts'), 'export const a = 1;');
    writeFileSync(
      join(folder, 'main.ts'),
      "import { load } from './third.ts'; void load(); void import('./tinyglobby.ts');",
    );
    const modules = join(folder, 'node_modules/tinyglobby');
    spawnSync('mkdir', ['-p', modules]);
    writeFileSync(join(modules, 'package.json'), '{"name":"tinyglobby","version":"1.0.0","main":"index.js"}');
    writeFileSync(join(modules, 'index.js'), 'export const b = 1;');
    await expect(bundle('modules')).rejects.toThrow('two modules that are loaded late have one name');
  });

  it('fails beyond the budget', async () => {
    for (const form of ['module', 'script', 'modules'] as const) {
      await expect(bundle(form, 0.1)).rejects.toThrow('at its start, more than the 0.1 KiB of its budget');
    }
  });

  it('gives the same each time', async () => {
    const digest = async () =>
      createHash('sha256')
        .update(JSON.stringify((await bundle('modules')).files))
        .digest('hex');
    expect(await digest()).toBe(await digest());
  });
});
