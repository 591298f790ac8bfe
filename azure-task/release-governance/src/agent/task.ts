import type { Clock, RandomBytes } from '@cavra/release-governance-core';
import type { Agent, TaskResult } from './agent.ts';
import type { Environment } from './environment.ts';

/** The process around the task; only the entry file makes one from the real process. */
export interface Task {
  readonly agent: Agent;
  readonly environment: Environment;
  /** Absolute. */
  readonly workspace: string;
  readonly now: Clock;
  readonly randomBytes: RandomBytes;
  readonly version: string;
  /** Absolute path of the program that runs, which evidence names by its digest. */
  readonly program: string;
}

/** What the task reports at its end. */
export interface Completion {
  readonly result: TaskResult;
  /** Shown with the result; a failure's is the error on the run's page. */
  readonly message: string;
}
