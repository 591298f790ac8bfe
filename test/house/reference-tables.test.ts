import { describe, expect, it } from '@jest/globals';
import { COMMAND_LINE_PAGE, commandLinePage, PAGES_WITH_TABLES, withTables } from '../../scripts/reference-tables.mjs';
import { readRepositoryFile } from '../support/repository.ts';

const WRITE_THEM = 'run `node scripts/reference-tables.mjs` and commit what it changes';

describe('the reference in the documentation', () => {
  it.each(PAGES_WITH_TABLES)('%s has every input and output of its manifests', (page) => {
    const text = readRepositoryFile(page);
    expect(text.match(/^<!-- (inputs|outputs): /gm)?.length).toBeGreaterThanOrEqual(2);
    expect(text === withTables(text) ? 'up to date' : WRITE_THEM).toBe('up to date');
  });

  it('has every option of every command', () => {
    const text = readRepositoryFile(COMMAND_LINE_PAGE);
    expect(text === commandLinePage() ? 'up to date' : WRITE_THEM).toBe('up to date');
    for (const command of ['gate', 'verify', 'audit merge', 'daemon run', 'keys revoke', 'doctor']) {
      expect(text).toContain(`\n## ${command}\n`);
    }
  });
});
