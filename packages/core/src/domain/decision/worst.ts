import type { Decision } from '../wire/messages.ts';

const BADNESS: Readonly<Record<Decision, number>> = { allow: 0, require_approval: 1, block: 2 };

/** block > require_approval > allow. */
export function isWorseThan(decision: Decision, other: Decision): boolean {
  return BADNESS[decision] > BADNESS[other];
}

/** Of several, the first with the worst decision: the one that counts wherever one decision stands for a run. */
export function worstOf<T extends { readonly decision: Decision }>(items: readonly T[]): T | undefined {
  return worstFirst(items)[0];
}

/** The worst first, otherwise in their order. */
export function worstFirst<T extends { readonly decision: Decision }>(items: readonly T[]): readonly T[] {
  return items.toSorted((a, b) => BADNESS[b.decision] - BADNESS[a.decision]);
}
