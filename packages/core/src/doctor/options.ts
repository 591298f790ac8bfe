import type { CreateGateOptions } from '../gate/run/gate-options.ts';

/** What the gate would be given, and the version of Node. */
export interface DoctorOptions extends CreateGateOptions {
  readonly nodeVersion: string;
}
