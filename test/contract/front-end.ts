import type { SettingName } from '@cavra/release-governance-core';
import type { Platform } from '../fakes/platform.ts';

/**
 * What every front end of the gate is to the contract: the command line and the adapters of the three platforms. A driver starts the
 * committed bundle as its platform does, and translates; it decides nothing and hides nothing.
 */
export interface FrontEnd {
  readonly name: string;
  /** Provider of the identity. */
  readonly provider: 'github-actions' | 'gitlab-ci' | 'azure-pipelines';
  /** Whether settings may also come from the environment: the command line's may, an adapter's never. */
  readonly obeysEnvironment: boolean;
  /** What a message calls a setting, for example `input jwksUrl`. */
  readonly label: (setting: SettingName) => string;
  /** Starts the platform on the loopback interface. */
  open(): Promise<Session>;
}

/** A platform that runs. */
export interface Session {
  readonly platform: Pick<Platform, 'jwksUrl' | 'fail' | 'heal' | 'keys'>;
  /** A new job of a run of its own, in a new workspace that has the examples in `examples/`. */
  newJob(facts?: JobFacts): ContractJob;
  close(): Promise<void>;
}

export interface JobFacts {
  /**
   * The token that the job is given or gets when it asks: its own (by default), none, one of another issuer's key, one of another
   * repository.
   */
  readonly token?: 'own' | 'none' | 'forged' | 'foreign';
  /** Whether the job runs for a pull or merge request. */
  readonly pullRequest?: boolean;
  /** Keys, as the platform hands over secrets; the evidence key by default. */
  readonly keys?: Readonly<Record<string, string>>;
  /** What an earlier step of the job has put into its environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Name of the workspace's folder. */
  readonly folder?: string;
}

/** A job whose one step is the gate; it may run several times. */
export interface ContractJob {
  /** Absolute. */
  readonly workspace: string;
  /** What the token proves, when it is the job's own. */
  readonly proven: { readonly repository: string; readonly sha: string; readonly run_id: string };
  run(settings: Readonly<Partial<Record<SettingName, string>>>): Promise<ContractResult>;
  dispose(): void;
}

/** What anybody can see of a run. */
export interface ContractResult {
  /** Whether the job goes on. */
  readonly passed: boolean;
  /** By the names of GATE_OUTPUTS. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Everything that was printed, commands to the platform included. */
  readonly printed: string;
  /** What the platform takes for commands, by name: the first part of each. */
  readonly commands: readonly string[];
  /** What is published, by file name. */
  readonly published: ReadonlyMap<string, string>;
}
