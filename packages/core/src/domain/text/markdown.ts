import { printable } from './printable.ts';

/**
 * Text from outside as Markdown that shows exactly that text, on one line: no markup, link, mention, HTML or table cell can come of it.
 *
 * Every ASCII punctuation character becomes a numeric character reference. CommonMark takes those for text and never for structure
 * (section 2.5), and HTML does too, so the result is as safe inside inline HTML and inside a table as it is in a paragraph.
 */
export function markdownText(text: string): string {
  // Blanks at either end too: four of them would begin a block of code, and one takes its meaning from `**`.
  return printable(text).replace(/[!-/:-@[-`{-~]|^ +| +$/g, (characters) =>
    Array.from(characters, (character) => `&#${character.charCodeAt(0)};`).join(''),
  );
}

/**
 * The same in a fixed-width font. Platforms turn `@name`, `#1` and commit hashes in a text into links only outside of code. HTML and
 * not back quotes, between which a character reference would show as itself.
 */
export function markdownCode(text: string): string {
  return text === '' ? '' : `<code>${markdownText(text)}</code>`;
}

/** A sentence in which `back quotes` set off what is code, as diagnoses have it; all else shows as itself. */
export function markdownProse(text: string): string {
  const parts = text.split('`');
  // An even number of parts: one back quote has no partner.
  const unpaired = parts.length % 2 === 0 ? parts.splice(-2).join('`') : undefined;
  if (unpaired !== undefined) parts.push(unpaired);
  return parts.map((part, index) => (index % 2 === 1 ? markdownCode(part) : markdownText(part))).join('');
}

/**
 * A link, or the text alone when the address is not one of the web.
 *
 * @param url in its normal form it has no blank, line end or angle bracket, so that it ends where the Markdown does
 */
export function markdownLink(text: string, url: string): string {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  return address?.protocol === 'https:' && !/[\s<>\\]/.test(address.href)
    ? `[${markdownText(text)}](<${address.href}>)`
    : markdownText(text);
}
