import { printable } from './printable.ts';

const ZERO_WIDTH_SPACE = '\u200b';

/**
 * Text from outside as one line of a CI log that no runner takes for a command: GitHub's `::name::` (at the start of a line) and
 * `##[name]` (anywhere in it), Azure's `##vso[`, GitLab's `section_start:`. An invisible character splits what would be one.
 */
export function logLine(text: string): string {
  return printable(text)
    .replace(/^(\s*):(?=:)/, `$1:${ZERO_WIDTH_SPACE}`)
    .replace(/##(?=\[|vso\[)/gi, `#${ZERO_WIDTH_SPACE}#${ZERO_WIDTH_SPACE}`)
    .replace(/\bsection_(?=start:|end:)/gi, `section_${ZERO_WIDTH_SPACE}`);
}
