/**
 * Makes text from outside harmless wherever people read it: control characters (which could move a cursor, recolour, hide text or
 * start a new line), bidirectional overrides, zero-width characters and unpaired surrogates are shown as `\uXXXX`.
 */
export function printable(text: string): string {
  if (HARMLESS.test(text)) return text;
  return Array.from(text, (character) => (isHarmful(character) ? escaped(character) : character)).join('');
}

/** Nothing harmful and no surrogate pair: nearly every text, and told at once. */
const HARMLESS =
  /^[ -~\u00a0-\u00ac\u00ae-\u061b\u061d-\u200a\u2010-\u2027\u202f-\u205f\u2061-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\uffff]*$/;

/** At most `limit` characters; what is cut off is marked by an ellipsis. Surrogate pairs stay whole. */
export function shortened(text: string, limit: number): string {
  // Not Array.from of the whole: the text may be a mebibyte.
  const characters = Array.from(text.slice(0, 2 * limit + 2));
  return characters.length > limit ? `${characters.slice(0, limit - 1).join('')}…` : text;
}

function isHarmful(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  const control = code < 0x20 || (code >= 0x7f && code < 0xa0);
  const separator = code === 0x2028 || code === 0x2029;
  const bidirectional = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code === 0x061c;
  const zeroWidth = (code >= 0x200b && code <= 0x200f) || code === 0x2060 || code === 0xfeff || code === 0x00ad;
  const loneSurrogate = code >= 0xd800 && code <= 0xdfff;
  const tag = code >= 0xe0000 && code <= 0xe007f;
  return control || separator || bidirectional || zeroWidth || loneSurrogate || tag;
}

function escaped(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}
