export const RECORD_ID_DIGITS = 24;
export const HASH_DIGITS = 64;

/** 1 at each byte that is a lower-case hex digit. */
const LOWER_HEX = Uint8Array.from({ length: 256 }, (_, byte) =>
  '0123456789abcdef'.includes(String.fromCharCode(byte)) ? 1 : 0,
);

/**
 * Whether lower-case hex digits stand at `start`, and nothing else.
 *
 * @param digits a multiple of four: so many at once take half the time
 */
export function isLowerHex(bytes: Uint8Array, start: number, digits: number): boolean {
  let areDigits = 1;
  for (let at = start; at < start + digits; at += 4) {
    areDigits &= isDigit(bytes[at]) & isDigit(bytes[at + 1]) & isDigit(bytes[at + 2]) & isDigit(bytes[at + 3]);
  }
  return areDigits === 1;
}

/** 1 or 0; nothing can be foreseen of a digit, so that branches would cost more than what they spare. */
function isDigit(byte: number | undefined): number {
  return LOWER_HEX[byte as number] as number;
}
