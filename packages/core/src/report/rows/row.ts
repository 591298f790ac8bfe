import { MAX_SUMMARY_TEXT } from '../../domain/limits.ts';
import { logLine } from '../../domain/text/log-line.ts';
import { shortened } from '../../domain/text/printable.ts';
import { prose } from '../markdown-parts.ts';
import type { Tone } from '../model/model.ts';
import type { Prose } from '../model/prose.ts';

/** One thing that a run or a verification comes to; logs, the command line and summaries only lay it out. */
export interface ReportRow {
  /** Capitalised; a log writes it in lower case. */
  readonly label: string;
  /** What is said first, and what continues it. All texts are as they were found: a layout makes them harmless. */
  readonly lines: readonly Prose[];
  /** How a reader should take what is set off in the lines. */
  readonly tone: Tone;
}

export function row(label: string, tone: Tone, ...lines: readonly Prose[]): ReportRow {
  return { label, tone, lines };
}

/** A row that is neither good nor bad. */
export function fact(label: string, ...lines: readonly Prose[]): ReportRow {
  return row(label, 'neutral', ...lines);
}

/**
 * Rows as lines of a log, in two columns. No line can be a command of the job or an escape sequence.
 *
 * @param emphasised how what is set off is shown; as it is, unless given
 */
export function rowLines(
  rows: readonly ReportRow[],
  emphasised: (text: string, tone: Tone) => string = (text) => text,
): string[] {
  const width = Math.max(0, ...rows.map(({ label }) => label.length));
  return rows.flatMap(({ label, lines, tone }) =>
    lines.map((line, index) => {
      const name = logLine((index === 0 ? label : '').toLowerCase().padEnd(width));
      return `  ${name}  ${line.map((part) => partText(part, (text) => emphasised(text, tone))).join('')}`;
    }),
  );
}

function partText(part: Prose[number], emphasised: (text: string) => string): string {
  if (typeof part === 'string') return logLine(part);
  return 'code' in part ? logLine(part.code) : emphasised(logLine(part.strong));
}

/** Rows for a table in Markdown: the label, and all lines in one cell. */
export function rowCells(rows: readonly ReportRow[]): (readonly [string, string])[] {
  return rows.map(({ label, lines }) => [label, lines.map((line) => prose(line, cut)).join('; ')]);
}

function cut(text: string): string {
  return shortened(text, MAX_SUMMARY_TEXT);
}
