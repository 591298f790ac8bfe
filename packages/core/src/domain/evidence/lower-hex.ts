export const RECORD_ID_DIGITS = 24;
export const HASH_DIGITS = 64;

/** 1 at each byte that is a lower-case hex digit. */
const LOWER_HEX = Uint8Array.from({ length: 256 }, (_, byte) =>
  '0123456789abcdef'.includes(String.fromCharCode(byte)) ? 1 : 0,
);

/** Whether `bytes[start, end)` are lower-case hex digits and nothing else. */
export function isLowerHex(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    if (LOWER_HEX[bytes[at] as number] !== 1) {
      return false;
    }
  }
  return true;
}
