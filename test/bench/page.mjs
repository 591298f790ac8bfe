// @ts-check
import { machine } from './sections.mjs';

/** @typedef {import('./sections.mjs').Section} Section */

/** @param {Section} section */
export function sectionMarkdown({ title, text, header, rows }) {
  const lines = [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `## ${title}\n\n${text}\n\n${lines.join('\n')}\n`;
}

/** @param {readonly Section[]} sections */
export function page(sections) {
  return `# Performance

The gate sits in every release, and an auditor verifies years of them. This page is written by one command, on a clean checkout, from
inputs that it makes itself:

\`\`\`sh
node test/bench/bench.mjs --write
\`\`\`

Machines that are shared differ from minute to minute, so what counts is the ratio to a yardstick that ran in turn with what was measured:
median, and in brackets minimum and maximum. Here: ${machine()}.

![Ratios to their yardsticks](images/performance.svg)

${sections.map(sectionMarkdown).join('\n')}`;
}
