/** JSON Pointer (RFC 6901) of the place that these member names and list indices lead to; the empty string is the whole text. */
export function jsonPointer(path: readonly (string | number)[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

const MAX_SHOWN = 80;

/**
 * Text from outside, fit to stand in a message: printable ASCII on one line and not too long. Anything else could forge a line of a
 * CI log, drive a terminal, or hide behind look-alike letters.
 */
export function printable(text: string): string {
  const start = text.slice(0, MAX_SHOWN);
  const safe = start.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return text.length > MAX_SHOWN ? `${safe}...` : safe;
}
