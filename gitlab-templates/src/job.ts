import type { Clock, RandomBytes } from '@cavra/release-governance-core';
import type { Configuration } from './configuration/configuration.ts';
import type { Environment } from './configuration/environment.ts';

/** The process around the job; only main.ts makes one from the real process. */
export interface Job {
  /** The configuration block of the template, as it stands in the script. */
  readonly configuration: string;
  readonly environment: Environment;
  /** Absolute: the project's folder. */
  readonly workspace: string;
  readonly now: Clock;
  readonly randomBytes: RandomBytes;
  readonly version: string;
  /** SHA-256 of this program, as the template checked it. */
  readonly programSha256: string;
  /** Writes lines to the job's log. */
  readonly log: (lines: readonly string[]) => void;
}

export type Runner = (job: Job, configuration: Configuration) => Promise<number>;
