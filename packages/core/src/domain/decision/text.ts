/** How the decision rules read text: blanks and letter case exactly as the Go implementation, whose verdicts are compared with ours. */

/** Unicode White_Space, which unlike that of `trim()` has U+0085 and has not U+FEFF. */
const WHITE_SPACE = /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/;

/** The text without white space at either end. Linear in its length, whatever it holds. */
export function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && WHITE_SPACE.test(text.charAt(start))) start += 1;
  while (end > start && WHITE_SPACE.test(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** A state or status word: trimmed, lower case, `-` read as `_` (docs/decision-rules.md). */
export function stateWord(text: string | undefined): string {
  return lowerCase(trimSpace(text ?? '').replaceAll('-', '_'));
}

/** One character at a time, without the rules of `toLowerCase` that look at the neighbours or give two characters for one. */
function lowerCase(text: string): string {
  return Array.from(text, (character) => (character === '\u0130' ? 'i' : character.toLowerCase())).join('');
}
