import { readRepositoryFile, repositoryFiles } from './repository.ts';

/** A fenced block of code on a page. */
export interface CodeBlock {
  readonly page: string;
  /** The heading that it stands under; empty before the first one. */
  readonly heading: string;
  /** As the fence names it; empty for output. */
  readonly language: string;
  /** Without the indent that it has in a list. */
  readonly text: string;
  /** Of the fence, from 1. */
  readonly line: number;
}

/** Which blocks a test runs. The first row that fits a block is its own. */
interface Ownership {
  readonly test: string;
  readonly page: string | RegExp;
  readonly language: string;
}

/** A block that no test can run, and why. */
interface Exemption {
  readonly page: string;
  /** Stands in the block. */
  readonly text: string;
  readonly reason: string;
}

/** What takes more than this machine. Short, and each with its reason. */
export const EXEMPTIONS: readonly Exemption[] = [
  {
    page: 'README.md',
    text: 'pnpm@12 test',
    reason: 'runs all tests, this one included; the README’s test checks that the script is there',
  },
  {
    page: 'CONTRIBUTING.md',
    text: 'pnpm@12 test',
    reason: 'runs all tests, this one included',
  },
  {
    page: 'schemas/README.md',
    text: 'generate-schemas.mjs',
    reason: 'writes committed files; tests compare each with what the code says',
  },
  {
    page: 'test/fixtures/README.md',
    text: 'evidence-fixtures.mjs',
    reason: 'writes evidence of a new version, once; what it wrote is verified by test/e2e/old-evidence.test.ts',
  },
  {
    page: 'docs/checkpoint.md',
    text: 'cosign verify-blob-attestation',
    reason:
      'cosign is one binary of its own publisher; @sigstore/verify reads the same bundle in packages/core/test/domain/checkpoint',
  },
  {
    page: 'docs/retention.md',
    text: 'aws s3api',
    reason: 'writes to an account at Amazon; the file, digest and date that it sends are made by commands that are run',
  },
  {
    page: 'docs/retention.md',
    text: 'az storage',
    reason: 'writes to an account at Microsoft; the file that it sends is made by commands that are run',
  },
  {
    page: 'docs/github.md',
    text: 'uses: example-org/workflows',
    reason: 'calls the reusable workflow beside it, whose jobs are run; it is linted with all others',
  },
  {
    page: 'azure-task/overview.md',
    text: 'condition: and(succeeded()',
    reason: 'one line of the pipeline in docs/azure.md, which is run; the Azure test compares them',
  },
];

/** Pages whose commands need a machine of their own, and what runs the same elsewhere. */
export const PAGES_APART: Readonly<Record<string, string>> = {
  'docs/daemon.md':
    'users, /etc, /run and systemd of a runner; test/e2e/daemon runs the same commands in folders of its own',
  'docs/daemon-protocol.md': 'as docs/daemon.md',
  'docs/performance.md': 'minutes of measuring on a quiet machine; test/bench holds what is measured',
};

const README_TEST = 'test/e2e/readme.test.ts';
const GITHUB_TEST = 'test/e2e/github/examples.test.ts';
const GITLAB_TEST = 'test/e2e/gitlab/docs.test.ts';
const AZURE_TEST = 'test/e2e/azure/docs.test.ts';
const CUSTODY_TEST = 'test/e2e/cli/custody-docs.test.ts';
const AUDIT_TEST = 'test/e2e/cli/audit-docs.test.ts';
const POLICY_TEST = 'packages/core/test/domain/trust/documentation.test.ts';

const OWNERSHIP: readonly Ownership[] = [
  { test: GITHUB_TEST, page: 'docs/github.md', language: 'yaml' },
  { test: GITHUB_TEST, page: 'docs/github.md', language: 'json' },
  { test: GITHUB_TEST, page: 'docs/github.md', language: 'sh' },
  { test: GITLAB_TEST, page: 'docs/gitlab.md', language: 'yaml' },
  { test: GITLAB_TEST, page: 'docs/gitlab.md', language: 'json' },
  { test: GITLAB_TEST, page: 'docs/gitlab.md', language: 'sh' },
  { test: AZURE_TEST, page: /^(docs\/azure|azure-task\/overview)\.md$/, language: 'yaml' },
  { test: AZURE_TEST, page: 'docs/azure.md', language: 'json' },
  { test: AZURE_TEST, page: 'docs/azure.md', language: 'sh' },
  { test: CUSTODY_TEST, page: /^docs\/(checkpoint|key-custody)\.md$/, language: 'sh' },
  { test: AUDIT_TEST, page: 'docs/audit.md', language: 'sh' },
  { test: AUDIT_TEST, page: 'docs/audit.md', language: 'yaml' },
  { test: POLICY_TEST, page: 'docs/trust-policy.md', language: 'yaml' },
  { test: README_TEST, page: 'README.md', language: 'yaml' },
  { test: README_TEST, page: 'README.md', language: 'json' },
  {
    test: README_TEST,
    page: /^(README|SECURITY|docs\/(evidence-format|air-gapped|retention|report|migrating|trust-policy|troubleshooting)|(gitlab-templates|examples|packages\/cli)\/README)\.md$/,
    language: 'sh',
  },
];

/** Every fenced block of every page of the repository. */
export function codeBlocks(): readonly CodeBlock[] {
  return repositoryFiles()
    .filter((path) => path.endsWith('.md'))
    .flatMap(blocksOfPage);
}

/** The blocks that a test has to run, in the order of their pages; each test takes its own from here, so that none is forgotten. */
export function blocksFor(test: string, language?: string): readonly CodeBlock[] {
  const own = codeBlocks().filter((block) => ownerOf(block) === test && exemptionOf(block) === undefined);
  return language === undefined ? own : own.filter((block) => block.language === language);
}

export function ownerOf(block: CodeBlock): string | undefined {
  return OWNERSHIP.find(
    ({ page, language }) =>
      language === block.language && (typeof page === 'string' ? page === block.page : page.test(block.page)),
  )?.test;
}

export function exemptionOf(block: CodeBlock): Exemption | undefined {
  return EXEMPTIONS.find(({ page, text }) => page === block.page && block.text.includes(text));
}

/** Every test that runs blocks. */
export const TESTS_OF_BLOCKS: readonly string[] = [...new Set(OWNERSHIP.map(({ test }) => test))];

export function blocksOfPage(page: string): readonly CodeBlock[] {
  return blocksIn(page, readRepositoryFile(page));
}

/** @param page its path, for the blocks */
export function blocksIn(page: string, text: string): readonly CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let heading = '';
  let open: { readonly indent: string; readonly language: string; readonly line: number } | undefined;
  let lines: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^( *)```(\S*)$/.exec(line);
    if (open === undefined && fence !== null) {
      open = { indent: fence[1] ?? '', language: fence[2] ?? '', line: index + 1 };
      lines = [];
    } else if (open === undefined) {
      heading = /^##+ (.*)$/.exec(line)?.[1] ?? heading;
    } else if (line === `${open.indent}\`\`\``) {
      const { indent, language, line: start } = open;
      const inner = lines.map((each) => (each.startsWith(indent) ? each.slice(indent.length) : each));
      blocks.push({ page, heading, language, text: inner.map((each) => `${each}\n`).join(''), line: start });
      open = undefined;
    } else {
      lines.push(line);
    }
  }
  return blocks;
}

/** Lines that a reader would take for commands, although no fence says so: nobody would notice that no test runs them. */
export function unfencedCommands(text: string): readonly string[] {
  const outside = text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '');
  return outside
    .split('\n')
    .filter((line) =>
      /^ {4,}(\$ )?(aws|az|cavra-[a-z-]+|cosign|curl|docker|gh|git|node|npm|npx|openssl|sh|sha256sum|tar) /.test(line),
    );
}
