import { editDistance } from './edit-distance.ts';

const MOST_MISTAKES = 2;

/** The word that was most likely meant: one that two mistakes or fewer lead to, or that begins with what was typed; undefined: none. */
export function closestWord(typed: string, words: readonly string[]): string | undefined {
  const near = words
    .map((word) => ({ word, distance: editDistance(typed, word) }))
    .filter(({ word, distance }) => distance <= MOST_MISTAKES && distance < word.length)
    .sort((a, b) => a.distance - b.distance);
  return near[0]?.word ?? words.find((word) => typed.length > 1 && word.startsWith(typed));
}
