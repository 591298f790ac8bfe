import { printable } from '../../domain/text/printable.ts';
import type { Prose } from '../model/prose.ts';

/** Markup that was written here. Only `html` makes it, and everything that it is given as text becomes text. */
export class Html {
  readonly #markup: string;

  constructor(markup: string) {
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }
}

export type HtmlValue = Html | string | number | undefined | readonly HtmlValue[];

/**
 * Markup of a template. A value that is not markup itself is text: it is escaped for both places where values stand, between tags and in
 * attributes in double quotes.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let markup = strings[0] ?? '';
  for (let index = 0; index < values.length; index += 1) markup += written(values[index]) + (strings[index + 1] ?? '');
  return new Html(markup);
}

/** Text with what is code set in a fixed-width font, each part apart from the direction of writing of its neighbours. */
export function prose(parts: Prose): readonly Html[] {
  return parts.map((part) => (typeof part === 'string' ? html`${part}` : codeHtml(part.code)));
}

/** Shorter names stay on one line. */
const MAX_UNBROKEN = 16;

/** Text in a fixed-width font, which may break behind the signs that separate the parts of a name. */
export function codeHtml(text: string, name = ''): Html {
  const parts = text.length <= MAX_UNBROKEN ? [text] : text.split(/(?<=[./_:@-])(?=[^./_:@-])/);
  const content = parts.map((part, index) => (index === 0 ? html`${part}` : html`<wbr>${part}`));
  return name === '' ? html`<code>${content}</code>` : html`<code class="${name}">${content}</code>`;
}

function written(value: HtmlValue): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.toString();
  if (typeof value === 'string') return escaped(value);
  if (typeof value === 'number') return String(value);
  return value.map(written).join('');
}

const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
  // Two of them are a command to CI platforms wherever they stand in a log.
  '#': '&#35;',
};

/** Nothing that would be changed in any way, which is nearly every text. */
const SAFE = /^[ !$%(-;=?-_a-~]*$/;
/** Nothing that `printable` would change. */
const PLAIN = /^[\x20-\x7e]*$/;

/** Text that shows as itself: control characters, overrides of direction and unpaired surrogates as `\uXXXX`. */
function escaped(text: string): string {
  if (SAFE.test(text)) return text;
  const visible = PLAIN.test(text) ? text : printable(text);
  return visible.replace(/[&<>"'`#]/g, (character) => REFERENCES[character] ?? '');
}
