/** Prose of a Markdown page as sentences, which end in `.`, `!` or `?`: no code, tables, headings or link targets. */
export function sentencesOf(markdown: string): readonly string[] {
  const prose = markdown
    .replace(/^(?:```|~~~)[\s\S]*?^(?:```|~~~)\s*$/gm, '')
    .replace(/^ {3,}(?:```|~~~)[\s\S]*?^ {3,}(?:```|~~~)\s*$/gm, '')
    .replace(/<!--[\s\S]*?-->|<[^>]+>/g, ' ')
    .replace(/!\[[^\]]*\]\([^)]*\)/g, ' ')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/`[^`\n]*`/g, 'code');
  return blocksOf(prose)
    .flatMap((block) => block.split(/(?<=[.!?][”)*_]{0,3})\s+/))
    .map((sentence) => sentence.replace(/[*_>]/g, ' ').trim())
    .filter((sentence) => wordsOf(sentence) > 2);
}

/** Paragraphs and list items, each on one line. */
function blocksOf(prose: string): readonly string[] {
  return prose
    .split(/\n\s*\n|\n(?=\s*(?:[-*]|\d+\.)\s)|\n(?=\s*\|)|\n(?=#)|(?<=^#.*)\n/m)
    .map((block) => block.replace(/\s+/g, ' ').trim())
    .filter((block) => block !== '' && !block.startsWith('|') && !block.startsWith('#'));
}

export function wordsOf(sentence: string): number {
  return sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

/** The length that this share of the sentences does not exceed. */
export function quantile(lengths: readonly number[], share: number): number {
  const sorted = [...lengths].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** A sentence that begins with a free relative clause as its subject, such as "What it leaves is …". */
export const FREE_RELATIVE = /^(?:What|Who|Whoever|Whatever|That (?:somebody|someone|a|the|it|they|nobody))\s/;
