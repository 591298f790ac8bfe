import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { APPROVAL_KINDS, DELIVERY_KINDS, EXECUTION_KINDS } from '../../../src/domain/decision/kinds.ts';
import { RULES } from '../../../src/domain/decision/rule-table.ts';
import { BAD_WORDS, GOOD_WORDS } from '../../../src/domain/decision/signals.ts';

const page = readFileSync(new URL('../../../../../docs/decision-rules.md', import.meta.url), 'utf8');
const oneLine = page.replaceAll('\n', ' ');

describe('docs/decision-rules.md', () => {
  it('has every rule, in the order in which they are asked', () => {
    const rows = page.match(/^\| S?\d+ \|.*$/gm) ?? [];
    const cells = rows.map((row) => row.slice(2, -2).split(' | '));
    expect(cells.map(([row, rules, , ...rest]) => [row, rules, ...rest])).toEqual(
      RULES.map(({ row, only = 'both', decision, id, severity }) => [row, only, decision, `\`${id}\``, severity]),
    );
  });

  it('lists the words', () => {
    const rows = Object.entries(BAD_WORDS).map(([member, words]) => `| \`${member}\` | ${words.join(', ')} |`);
    expect(page.match(/^\| `\w+` \| .*$/gm)).toEqual(rows);
    expect(oneLine).toContain(`S2: ${GOOD_WORDS.join(', ')}.`);
  });

  it.each([
    ['Delivery', DELIVERY_KINDS],
    ['Approval', APPROVAL_KINDS],
    ['Execution', EXECUTION_KINDS],
  ])('lists the %s kinds', (name, kinds) => {
    const listed = [...kinds].map((kind) => `\`${kind}\``).join(', ');
    expect(oneLine).toContain(`${name} kinds: ${listed}.`);
  });
});
