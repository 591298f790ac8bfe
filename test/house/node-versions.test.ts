import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { nodeBinaries } from '../support/node-versions.ts';

test('each Node runs and is what its name says', () => {
  const binaries = nodeBinaries();
  expect(binaries[0]?.path).toBe(process.execPath);
  expect(new Set(binaries.map(({ name }) => name)).size).toBe(binaries.length);
  for (const { name, version, path } of binaries) {
    const printed = execFileSync(path, ['--print', 'process.versions.node'], { encoding: 'utf8' }).trim();
    expect(printed).toBe(version);
    expect(name).toBe(`node${printed.split('.')[0]}`);
  }
});
