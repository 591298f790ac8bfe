/** JSON Pointer (RFC 6901) of the place that these member names and list indices lead to; the empty string is the whole text. */
export function jsonPointer(path: readonly (string | number)[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
