import { MAX_SUMMARY_ROWS, MAX_SUMMARY_TEXT } from '../domain/limits.ts';
import { markdownCode, markdownText } from '../domain/text/markdown.ts';
import { shortened } from '../domain/text/printable.ts';

/** What the Markdown pages are made of; text from outside goes through `cut` or `code`. */

export type Row = readonly string[];

export function table(head: Row, rows: readonly Row[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

export function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(', ');
}

export function listed(names: readonly string[]): string {
  const shown = names.slice(0, MAX_SUMMARY_ROWS).map((name) => code(name));
  const omitted = names.length - shown.length;
  return shown.length === 0 ? 'nothing' : joined([...shown, omitted > 0 ? `and ${omitted} more` : '']);
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
