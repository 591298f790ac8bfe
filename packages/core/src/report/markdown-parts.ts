import { MAX_SUMMARY_TEXT } from '../domain/limits.ts';
import { markdownCode, markdownText } from '../domain/text/markdown.ts';
import { shortened } from '../domain/text/printable.ts';
import type { Prose } from './model/prose.ts';

/** What the Markdown pages are made of; text from outside goes through `cut` or `code`. */

export type Row = readonly string[];

export function table(head: Row, rows: readonly Row[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** @param bounded shortens each part; all of it stands there unless given */
export function prose(parts: Prose, bounded: (text: string) => string = (text) => text): string {
  return parts
    .map((part) => {
      if (typeof part === 'string') return sentence(bounded(part));
      return 'code' in part ? markdownCode(bounded(part.code)) : `**${markdownText(bounded(part.strong))}**`;
    })
    .join('');
}

/** Parts end and begin with blanks that count, and `markdownText` would write those out. */
function sentence(text: string): string {
  const inner = text.trim();
  if (inner === '') return text === '' ? '' : ' ';
  return `${/^\s/.test(text) ? ' ' : ''}${markdownText(inner)}${/\s$/.test(text) ? ' ' : ''}`;
}

export function cut(text: string): string {
  return markdownText(shortened(text, MAX_SUMMARY_TEXT));
}

export function code(text: string | undefined): string {
  return markdownCode(shortened(text ?? '', MAX_SUMMARY_TEXT));
}

export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
