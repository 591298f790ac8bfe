import { logLine } from '@cavra/release-governance-core';

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
 * Makes text from outside harmless wherever it is printed: what would move a cursor or hide text is shown as an escape, and what a CI
 * platform would take for a command of the job is split.
 */
export function printable(text: string): string {
  return logLine(text);
}
