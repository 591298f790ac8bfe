import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readRepositoryFile, root } from '../support/repository.ts';

/** References of code and tests to pages and files of this repository: each leads somewhere. */

/** As GitHub makes them of headings. */
export function anchorsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** First words of the rows of a page's tables, where they stand in backticks. */
function rowsOf(text: string): readonly string[] {
  return [...text.matchAll(/^\| `([^`]+)` \|/gm)].map(([, word = '']) => word);
}

/** A page or file, with the heading behind `#`, or with rows of a table in backticks behind a comma. */
const PAGE = /(?<![\w./:@-])((?:[\w.-]+\/)*[\w.-]+\.md|schemas\/[\w.-]+\.json)(#[\w-]+)?((?:, `[\w-]+`)*)/g;
/** Another file of this repository. */
const FILE =
  /(?<![\w./:@-])((?:packages|test|scripts|actions|gitlab-templates|azure-task|examples)\/[\w./-]+\.(?:ts|mjs|cjs|json|yaml|yml|sh))\b/g;

/** Sections of a document are named with the document: a standard's, that is, since pages of ours have headings. */
const SECTION = /\bsections? \d|\bweakness(?:es)? rows? \d/gi;
const STANDARD =
  /(?:RFC \d+|X\.690|CommonMark|WebAssembly Core Specification [\d.]+|Web Authentication|PROTOCOL\.\w+)[,;]? (?:sections? [\d.]+,? (?:and )?)*$/i;

/**
 * Returns what leads nowhere in some text of the file at `path`.
 *
 * @param text comments, or a whole file whose strings count as well
 */
export function deadReferences(path: string, text: string): readonly string[] {
  const pages = [...text.matchAll(PAGE)].filter(([, page = '', anchor, rows = '']) => !leads(path, page, anchor, rows));
  const files = [...text.matchAll(FILE)].filter(([, file = '']) => !existsSync(join(root, file)));
  const sections = [...text.matchAll(SECTION)].filter(({ index }) => !STANDARD.test(plain(text.slice(0, index))));
  return [...pages, ...files, ...sections].map(([reference]) => `${path}: ${reference}`);
}

/** A page is named by its path from the root, or, in its own folder, by its name. */
function leads(path: string, page: string, anchor: string | undefined, rows: string): boolean {
  const found = [page, join(dirname(path), page)].find((each) => existsSync(join(root, each)));
  if (found === undefined) return false;
  const text = readRepositoryFile(found);
  const words = [...rows.matchAll(/`([\w-]+)`/g)].map(([, word = '']) => word);
  return (
    (anchor === undefined || anchorsOf(text).includes(anchor.slice(1))) &&
    words.every((word) => rowsOf(text).includes(word))
  );
}

/** A sentence that is broken over lines of a comment, in one. */
function plain(text: string): string {
  return text.slice(-200).replaceAll(/\s*\n\s*(?:\*|\/\/|#)?\s*/g, ' ');
}

/** The comments of a program. */
export function commentsOf(path: string, text: string): string {
  const pattern = /\.(?:[cm]?[jt]s)$/.test(path) ? /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/ .*$/gm : /(?<=^|\s)# .*$/gm;
  return [...text.matchAll(pattern)].map(([comment]) => comment).join('\n');
}
