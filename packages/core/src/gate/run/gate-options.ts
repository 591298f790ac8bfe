import type { Clock, RandomBytes } from '../../domain/ports.ts';
import type { NetworkOptions } from '../../io/http/network.ts';
import type { RunningProgram } from '../../io/system/program.ts';
import type { Environment } from '../../settings/credentials.ts';
import type { GateSettings } from '../../settings/gate-settings.ts';

/** What an entry file hands over to run the gate on this machine. */
export interface CreateGateOptions {
  readonly settings: GateSettings;
  /** The job's environment; an adapter may add what its platform gives it otherwise, such as SYSTEM_ACCESSTOKEN. */
  readonly environment: Environment;
  /** Absolute; relative paths of the settings are below it. */
  readonly workspace: string;
  /** Random keys for a local trial; refused on CI platforms. */
  readonly ephemeralKeys?: boolean;
  readonly now: Clock;
  readonly randomBytes: RandomBytes;
  /** The product's version, for the verification report. */
  readonly version: string;
  /** The running program, whose SHA-256 stands in report and checkpoint. */
  readonly program?: RunningProgram;
  /** What the front end says of itself, to be published as `release-governance-run.json`; never a secret. */
  readonly runFacts?: Readonly<Record<string, string>>;
  /** Network set-up where the platform has its own. */
  readonly network?: NetworkOptions;
  /** Azure: id of the service connection whose token is asked for, instead of the pipeline's own. */
  readonly azureServiceConnection?: string;
}

/** Share of the run's time after which the network is given up. */
export const NETWORK_SHARE = 0.8;
