import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { blocksFor } from '../../../../../test/support/documentation.ts';
import { claimsOf, PROVIDERS } from '../../../src/domain/trust/claims.ts';
import { defaultEvents } from '../../../src/domain/trust/events.ts';
import { LINT_RULES } from '../../../src/domain/trust/lint/codes.ts';
import { lintPolicy } from '../../../src/domain/trust/lint/lint.ts';
import { parseTrustPolicyText, readTrustPolicyFile } from '../../../src/policy/trust-policy-file.ts';

const root = new URL('../../../../../', import.meta.url);
const page = readFileSync(new URL('docs/trust-policy.md', root), 'utf8');
const blocks = blocksFor('packages/core/test/domain/trust/documentation.test.ts').map(({ text }) => text);
const examples = readdirSync(new URL('examples/', root)).filter((name) => name.startsWith('trust-policy'));

describe('docs/trust-policy.md', () => {
  it.each(blocks.map((text, index) => [index + 1, text] as const))(
    'example %i is a policy without dangers',
    async (_, text) => {
      const { policy } = await parseTrustPolicyText(Buffer.from(text), 'yaml');
      expect(lintPolicy(policy).filter(({ level }) => level !== 'caution')).toEqual([]);
    },
  );

  it('has examples of every provider', () => {
    for (const provider of PROVIDERS) {
      expect(blocks.some((text) => text.includes(`provider: ${provider}\n`))).toBe(true);
    }
  });

  it('lists every lint code as it is', () => {
    const escaped = (text: string) => text.replaceAll('*', '\\*');
    const rows = Object.entries(LINT_RULES).map(
      ([code, { level, explanation, fix }]) => `| \`${code}\` | ${level} | ${escaped(explanation)} | ${escaped(fix)} |`,
    );
    expect(page.match(/^\| `[a-z-]+` \| (?:danger|caution|mistake) \|.*$/gm)).toEqual(rows);
  });

  it('lists every claim, and those that take a glob', () => {
    const cells = (claims: ReturnType<typeof claimsOf>) =>
      claims.map(({ name, kind }) => `\`${name}\`${kind === 'path' ? ' (glob)' : ''}`).join(', ');
    const platforms = PROVIDERS.filter((provider) => provider !== 'local');
    for (const provider of platforms) {
      expect(page).toContain(`| \`${provider}\` | ${cells(claimsOf(provider, 'oidc'))} |\n`);
    }
    expect(page).toContain(`| any, with \`hmac\` | ${cells(claimsOf('local', 'hmac'))} |\n`);
  });

  it('lists the events that pass unnamed', () => {
    const words = (provider: 'github-actions' | 'gitlab-ci') => defaultEvents(provider).map((event) => `\`${event}\``);
    expect(page).toContain(`| GitHub | ${words('github-actions').join(', ')} |`);
    expect(page).toContain(`| GitLab | ${words('gitlab-ci').join(', ')} |`);
  });
});

describe('examples', () => {
  it.each(examples)('%s is a policy that the linter has nothing to say of', async (name) => {
    const { policy } = await readTrustPolicyFile(fileURLToPath(new URL(`examples/${name}`, root)));
    expect(lintPolicy(policy)).toEqual([]);
  });

  it('exist for every platform, as YAML and JSON', () => {
    expect(examples).toEqual([
      'trust-policy-azure.yaml',
      'trust-policy-github.yaml',
      'trust-policy-gitlab.yaml',
      'trust-policy.json',
    ]);
  });
});
