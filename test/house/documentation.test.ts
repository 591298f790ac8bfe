import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { DIAGNOSES } from '@cavra/release-governance-core';
import { describe, expect, it } from '@jest/globals';
import {
  blocksIn,
  codeBlocks,
  EXEMPTIONS,
  exemptionOf,
  ownerOf,
  PAGES_APART,
  TESTS_OF_BLOCKS,
  unfencedCommands,
} from '../support/documentation.ts';
import { readRepositoryFile, repositoryFiles, root } from '../support/repository.ts';

/** What people copy: commands, pipelines, documents. */
const COPIED = new Set([
  'sh',
  'bash',
  'shell',
  'console',
  'yaml',
  'yml',
  'json',
  'js',
  'ts',
  'javascript',
  'typescript',
]);

const pages = repositoryFiles().filter((path) => path.endsWith('.md'));
const blocks = codeBlocks();

describe('what the documentation shows', () => {
  it('is run by a test, every block of it', () => {
    const forgotten = blocks
      .filter(({ page, language }) => COPIED.has(language) && !(page in PAGES_APART))
      .filter((block) => ownerOf(block) === undefined && exemptionOf(block) === undefined)
      .map(({ page, line, text }) => `${page}:${line}: ${text.split('\n')[0]}`);
    expect(forgotten).toEqual([]);
  });

  it.each(TESTS_OF_BLOCKS)('is taken by %s from the list', (test) => {
    expect(readRepositoryFile(test)).toContain(`blocksFor('${test}'`);
  });

  it('is left out only where a reason says why, and where there is something', () => {
    for (const { page, text, reason } of EXEMPTIONS) {
      expect({ page, text, found: blocks.some((block) => block.page === page && block.text.includes(text)) }).toEqual({
        page,
        text,
        found: true,
      });
      expect(reason.length).toBeGreaterThan(20);
    }
    expect(EXEMPTIONS.length).toBeLessThan(15);
  });

  it.each(pages.filter((page) => !(page in PAGES_APART)))('is in fences: %s', (page) => {
    expect(unfencedCommands(readRepositoryFile(page))).toEqual([]);
  });
});

describe('pages', () => {
  it('are all in the contents', () => {
    const contents = readRepositoryFile('docs/README.md');
    const listed = (page: string) => contents.includes(`](${page.slice('docs/'.length)})`);
    const own = pages.filter((page) => /^docs\/[^/]+\.md$/.test(page) && page !== 'docs/README.md');
    expect(own.filter((page) => !listed(page))).toEqual([]);
  });

  it.each(pages)('%s leads nowhere that is not there', (page) => {
    expect(deadLinks(page, readRepositoryFile(page))).toEqual([]);
  });
});

it.each(pages.filter((path) => path.startsWith('docs/')))('%s names only codes that there are', (path) => {
  const codes = [...readRepositoryFile(path).matchAll(/CAVRA-E\d{3}/g)].map(([code]) => code);
  expect(codes.filter((code) => !(code in DIAGNOSES))).toEqual([]);
});

/** Links within the repository to files or headings that do not exist. */
function deadLinks(page: string, text: string): readonly string[] {
  const prose = text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '').replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)|<(?:img|source)[^>]*\ssrc(?:set)?="([^"]+)"/g)]
    .map(([, link, image]) => link ?? image ?? '')
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : normalize(join(dirname(page), path));
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && target.endsWith('.md') && !anchorsOf(readRepositoryFile(target)).includes(anchor);
    });
}

/** As GitHub makes them of headings. */
function anchorsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('the rules notice', () => {
  const page = '## A\n\n```sh\nmake\n```\n\n- item\n\n  ```yaml\n  a: 1\n  ```\n\n## B\n';

  it('every block, wherever it stands', () => {
    expect(blocksIn('x.md', page)).toEqual([
      { page: 'x.md', heading: 'A', language: 'sh', text: 'make\n', line: 3 },
      { page: 'x.md', heading: 'A', language: 'yaml', text: 'a: 1\n', line: 9 },
    ]);
  });

  it('commands without a fence', () => {
    expect(unfencedCommands('text\n\n    openssl rand -hex 32\n')).toEqual(['    openssl rand -hex 32']);
    expect(unfencedCommands('```yaml\n    node x\n```\n')).toEqual([]);
  });

  it('links that lead nowhere', () => {
    expect(deadLinks('docs/README.md', '[a](nothing.md) [b](README.md#nowhere) [c](README.md#documentation)')).toEqual([
      'nothing.md',
      'README.md#nowhere',
    ]);
  });

  it('a block that belongs to nobody', () => {
    const [block] = blocksIn('docs/new.md', '```sh\nmake\n```\n');
    expect(block === undefined ? 'none' : ownerOf(block)).toBeUndefined();
  });
});
