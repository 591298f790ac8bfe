import { describe, expect, it } from '@jest/globals';
import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import { markdownCode, markdownText } from '../../../src/domain/text/markdown.ts';
import { printable } from '../../../src/domain/text/printable.ts';
import { HOSTILE_TEXTS } from '../../support/hostile-texts.ts';

/** GitHub's Markdown, raw HTML let through: the worst case. */
function render(markdown: string): string {
  return micromark(markdown, { extensions: [gfm()], htmlExtensions: [gfmHtml()], allowDangerousHtml: true });
}

/** What a browser shows of HTML that has no other markup than `allowed`. */
function shownText(html: string, allowed: RegExp): string {
  const text = html.replace(allowed, '');
  expect(text).not.toMatch(/[<>]/);
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
}

describe.each(HOSTILE_TEXTS)('%j', (text) => {
  it('shows as itself in a paragraph', () => {
    expect(shownText(render(markdownText(text)), /^<p>|<\/p>$/g)).toBe(printable(text));
  });

  it('shows as itself in the middle of a line, of bold text and of a list', () => {
    expect(shownText(render(`a **${markdownText(text)}z** b`), /<\/?(p|strong)>/g)).toBe(`a ${printable(text)}z b`);
    expect(shownText(render(`- x${markdownText(text)}y`), /<\/?(ul|li)>|\n/g)).toBe(`x${printable(text)}y`);
  });

  it('shows as itself in a table, in code', () => {
    const html = render(`| a | b |\n| --- | --- |\n| x | .${markdownCode(text)}. |\n`);
    const cell = /<td>x<\/td>\n<td>([\s\S]*)<\/td>\n<\/tr>\n<\/tbody>\n<\/table>$/.exec(html.trim())?.[1] ?? '';
    expect(shownText(cell, /^\.<code>|<\/code>\.$|^\.\.$/g)).toBe(printable(text));
  });
});

it('nothing shows as nothing', () => {
  expect(markdownText('')).toBe('');
  expect(markdownCode('')).toBe('');
});
