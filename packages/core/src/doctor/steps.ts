import { CavraError } from '../domain/diagnosis.ts';
import { PREPARATION_STEPS, type Preparation, type PreparationStep } from '../gate/preparation.ts';
import { attemptAsync } from './check.ts';

/** What each step came to: its result, its failure, or nothing, where a step before it failed on which it rests. */
export type Taken = {
  readonly [Step in PreparationStep]: Awaited<ReturnType<Preparation[Step]>> | CavraError | undefined;
};

/** Takes the gate's steps in their order, each whatever became of those before it. */
export async function takeEveryStep(preparation: Preparation): Promise<Taken> {
  const results: [PreparationStep, unknown][] = [];
  for (const step of PREPARATION_STEPS) {
    const result = await attemptAsync<unknown>(() => preparation[step]());
    const isTold = result instanceof CavraError && results.some(([, earlier]) => earlier === result);
    results.push([step, isTold ? undefined : result]);
  }
  return Object.fromEntries(results) as Taken;
}

/** The result of a step, where there is one. */
export function found<T>(result: T | CavraError | undefined): T | undefined {
  return result instanceof CavraError ? undefined : result;
}
