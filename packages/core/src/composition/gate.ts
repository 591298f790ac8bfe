import type { GateOutcome } from '../app/gate.ts';
import type { Clock, RandomBytes } from '../app/ports.ts';
import type { GateSettings } from '../app/settings.ts';

/** What an entry file hands over to run the gate on this machine. */
export interface CreateGateOptions {
  readonly settings: GateSettings;
  /** The job's environment; an adapter may add what its platform gives it otherwise, such as SYSTEM_ACCESSTOKEN. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Absolute; relative paths of the settings are below it. */
  readonly workspace: string;
  /** Random keys for a local trial; refused on CI platforms. */
  readonly ephemeralKeys?: boolean;
  readonly now: Clock;
  readonly randomBytes: RandomBytes;
  /** The product's version, for the verification report. */
  readonly version: string;
  /** Network set-up where the platform has its own; by default HTTPS_PROXY, NO_PROXY and NODE_EXTRA_CA_CERTS are honoured. */
  readonly network?: NetworkOptions;
}

export interface NetworkOptions {
  /** PEM certificates of further authorities. */
  readonly extraAuthorities?: string;
  readonly proxy?: { readonly url: string; readonly noProxy?: string };
}

export interface Gate {
  /** Runs the gate once. Never throws for what a user or a liar can cause. */
  run(): Promise<GateOutcome>;
}
