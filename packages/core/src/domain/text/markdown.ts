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
