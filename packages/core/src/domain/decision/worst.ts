import type { Decision } from '../wire/messages.ts';

const BADNESS: Readonly<Record<Decision, number>> = { allow: 0, require_approval: 1, block: 2 };

/** block > require_approval > allow. */
export function isWorseThan(decision: Decision, other: Decision): boolean {
  return BADNESS[decision] > BADNESS[other];
}

/** The worst of several decisions; `block` when there is none, so that nothing decided is never a pass. */
export function worstDecision(decisions: readonly Decision[]): Decision {
  const [first = 'block', ...rest] = decisions;
  return rest.reduce((worst, decision) => (isWorseThan(decision, worst) ? decision : worst), first);
}
