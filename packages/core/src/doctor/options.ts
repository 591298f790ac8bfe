import type { Clock, RandomBytes } from '../domain/ports.ts';
import type { Environment } from '../settings/credentials.ts';
import type { GateSettings } from '../settings/gate-settings.ts';

export interface DoctorOptions {
  readonly settings: GateSettings;
  readonly environment: Environment;
  /** Absolute. */
  readonly workspace: string;
  readonly nodeVersion: string;
  readonly now: Clock;
  readonly randomBytes: RandomBytes;
  readonly version: string;
}
