/** JSON Pointer (RFC 6901) of the place that these member names and list indices lead to; the empty string is the whole text. */
export function jsonPointer(path: readonly (string | number)[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

const MAX_SHOWN = 80;
const MAX_LINE = 1_000;

/**
 * A name from outside, fit to stand in a message: printable ASCII on one line and not too long. Anything else could forge a line of a
 * CI log, drive a terminal, or hide behind look-alike letters.
 */
export function printable(text: string): string {
  return shorten(text, MAX_SHOWN).replace(/[^ -~]/gu, escapeCharacter);
}

/** Text from outside that people must recognise, like a path: letters of any script, but nothing that is not seen, on one line. */
export function oneLine(text: string): string {
  return shorten(text, MAX_LINE).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escapeCharacter);
}

function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}...` : text;
}

function escapeCharacter(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
