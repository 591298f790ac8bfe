/** Plain text for people: aligned, coloured only on a terminal. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly dim: (text: string) => string;
}

const plain = (text: string) => text;
const sgr = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;

export function styleFor(colour: boolean): Style {
  return colour
    ? { bold: sgr(1), good: sgr(32), bad: sgr(31), warn: sgr(33), dim: sgr(2) }
    : { bold: plain, good: plain, bad: plain, warn: plain, dim: plain };
}

export type Row = readonly [label: string, ...lines: string[]];

/** A block of labelled rows; a row of several lines is continued under its value. */
export function table(rows: readonly Row[], style: Style): string {
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows
    .flatMap(([label, ...lines]) =>
      lines.map((line, index) => `  ${style.dim((index === 0 ? label : '').padEnd(width))}  ${line}\n`),
    )
    .join('');
}

/**
 * Makes text from outside harmless on a terminal: control characters (which could move the cursor, recolour or hide text) and
 * bidirectional overrides are shown as escapes.
 */
export function printable(text: string): string {
  return Array.from(text, (character) => (isHarmful(character) ? escaped(character) : character)).join('');
}

function isHarmful(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  const control = code < 0x20 || (code >= 0x7f && code < 0xa0);
  const separator = code === 0x2028 || code === 0x2029;
  const bidirectional = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code === 0x061c;
  const zeroWidth = (code >= 0x200b && code <= 0x200f) || code === 0xfeff;
  const loneSurrogate = code >= 0xd800 && code <= 0xdfff;
  return control || separator || bidirectional || zeroWidth || loneSurrogate;
}

function escaped(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}
