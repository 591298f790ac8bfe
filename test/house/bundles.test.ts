import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { bundleOneFile } from '../../scripts/one-file.mjs';
import { nodeBinaries } from '../support/node-versions.ts';
import { root } from '../support/repository.ts';

/** Where the parts begin that stand in a bundle as text. */
const PARTS = '\nfunction __text(name)';

describe('a committed bundle compiles little at its start', () => {
  it.each([
    ['packages/cli/dist/cavra-release-governance.mjs', 250],
    ['actions/release-governance/dist/main.mjs', 250],
    ['actions/release-governance/dist/post.mjs', 250],
    ['actions/verify/dist/main.mjs', 250],
    ['gitlab-templates/dist/release-governance.cjs', 200],
    ['azure-task/release-governance/dist/main.mjs', 250],
  ])('%s: %d KiB, without a YAML parser, TLS or an artifact client', (path, kibibytes) => {
    const bundle = readFileSync(join(root, path), 'latin1');
    const parts = bundle.indexOf(PARTS);
    expect(parts).toBeGreaterThan(0);
    const program = bundle.slice(0, parts);
    expect(program.length).toBeLessThanOrEqual(kibibytes * 1024);
    const heavy = ['yaml.org', 'createSecureContext', '@azure', 'node_modules/.pnpm/undici'];
    expect(heavy.filter((text) => program.includes(text))).toEqual([]);
    // Node reads a file of other characters twice as slowly.
    expect(/[\x80-\xff]/.exec(bundle)?.index).toBeUndefined();
  });

  it('and the artifact client is a file of its own, which is loaded by its name', () => {
    const main = readFileSync(join(root, 'actions/release-governance/dist/main.mjs'), 'latin1');
    expect(main.includes('import("./artifact-client.mjs")')).toBe(true);
    const client = readFileSync(join(root, 'actions/release-governance/dist/artifact-client.mjs'), 'latin1');
    expect(client.includes('ArtifactService')).toBe(true);
  });
});

describe('a program in one file', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cavra-one-file-'));
    mkdirSync(join(folder, 'packages/core/src/io/http'), { recursive: true });
    const files = {
      // A class that program and parts must have in common, and a state that must be one.
      'state.ts': 'export class Fault extends Error {}\nexport const log: string[] = [];',
      'main.ts': `import { Fault, log } from './state.ts';
        export async function run(fail: boolean) {
          log.push('started');
          if (!fail) return log.join();
          const { attempt } = await import('./packages/core/src/io/http/first.ts');
          try { await attempt() } catch (error) { log.push(String(error instanceof Fault)) }
          return log.join();
        }`,
      'packages/core/src/io/http/first.ts': `import { sep } from 'node:path';
        import { log } from '../../../../../state.ts';
        log.push('part');
        export async function attempt() {
          const { fail } = await import('../../../../../other.ts');
          fail(sep + 'ü');
        }`,
      'other.ts': `import { Fault, log } from './state.ts';
        export function fail(text: string): never { log.push(text); throw new Fault(text) }`,
    };
    for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const bundle = (format: 'esm' | 'cjs') =>
    bundleOneFile(folder, {
      entry: 'main.ts',
      format,
      options: { bundle: true, platform: 'node', target: 'node20', charset: 'ascii', minifyWhitespace: true },
    });

  it.each(nodeBinaries())('works on $name, as a module and as a script', async ({ path: node }) => {
    for (const format of ['esm', 'cjs'] as const) {
      const file = join(folder, format === 'esm' ? 'out.mjs' : 'out.cjs');
      writeFileSync(file, (await bundle(format)).text);
      const load = `import(${JSON.stringify(file)}).then(({run})=>run(process.argv[1]==='fail')).then(console.log)`;
      const run = (word: string) => spawnSync(node, ['-e', load, word], { encoding: 'utf8' });
      expect(run('fine')).toMatchObject({ stdout: 'started\n', stderr: '', status: 0 });
      expect(run('fail')).toMatchObject({ stdout: 'started,part,/ü,true\n', stderr: '', status: 0 });
    }
  });

  it('has as text what is loaded later, in parts', async () => {
    const { text, sizes } = await bundle('esm');
    const [program = '', parts = ''] = text.split(PARTS);
    expect(program).toContain('started');
    expect(program).not.toContain('node:path');
    expect(parts).toContain('node:path');
    expect([...sizes.keys()].sort()).toEqual(['oidc', 'program', 'rest']);
  });

  it('is refused when two modules of a part have an export of the same name', async () => {
    writeFileSync(join(folder, 'third.ts'), 'export const fail = 1;');
    const main = readFileSync(join(folder, 'main.ts'), 'utf8');
    writeFileSync(join(folder, 'main.ts'), `${main}\nexport const third = () => import('./third.ts');`);
    await expect(bundle('esm')).rejects.toThrow(
      'other.ts and third.ts both export fail, and are both in the part rest: rename one',
    );
  });

  it('is the same each time', async () => {
    expect((await bundle('esm')).text).toBe((await bundle('esm')).text);
  });
});
