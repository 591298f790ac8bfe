import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { decide } from '../../src/domain/decision/rules.ts';
import { parseRequest } from '../../src/domain/request/parse.ts';
import { lintRequest } from '../../src/request/requests.ts';

const FOLDER = new URL('../../../../examples/', import.meta.url);
const README = readFileSync(new URL('README.md', FOLDER), 'utf8');
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.json') && !name.startsWith('trust-policy'));

describe('the example requests', () => {
  it('are all in the table', () => {
    const rows = README.match(/^\| \[[^\]]+\.json\]/gm) ?? [];
    expect(rows.map((row) => row.slice('| ['.length, -1)).sort()).toEqual([...FILES].sort());
  });

  it.each(FILES)('%s is decided as its row says, and has no fault', (name) => {
    const bytes = readFileSync(new URL(name, FOLDER));
    const { decision, rule_id } = decide(parseRequest(bytes), 'strict');
    expect(README).toContain(`| [${name}](${name}) | \`${decision}\` | \`${rule_id}\` |`);
    expect(name.startsWith({ allow: 'approved', require_approval: 'pending', block: 'blocked' }[decision])).toBe(true);
    expect(lintRequest(bytes).map(({ level }) => level)).toEqual(['note']);
  });
});
