import { CavraError } from '../domain/diagnosis.ts';

/** One thing that a job offers, or lacks. */
export interface DoctorCheck {
  readonly name: string;
  /** `missing` keeps the gate from running; `warning` does not. */
  readonly state: 'ok' | 'warning' | 'missing';
  /** Never a secret: keys are named by their ids. */
  readonly detail: string;
  /** What to do; absent with `ok`. */
  readonly action?: string;
}

/** A check, and what the gate would fail with. */
export type Examination = DoctorCheck & { readonly failure?: CavraError };

export function ok(name: string, detail: string): Examination {
  return { name, state: 'ok', detail };
}

export function warning(name: string, detail: string, action: string): Examination {
  return { name, state: 'warning', detail, action };
}

export function missing(name: string, failure: CavraError): Examination {
  return { name, state: 'missing', detail: `${failure.message} (${failure.code})`, action: failure.action, failure };
}

/** What the gate would get, or fail with. */
export function attempt<T>(work: () => T): T | CavraError {
  try {
    return work();
  } catch (error) {
    if (error instanceof CavraError) return error;
    throw error;
  }
}

/** The same for what takes a while. */
export async function attemptAsync<T>(work: () => Promise<T>): Promise<T | CavraError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CavraError) return error;
    throw error;
  }
}

export interface DoctorReport {
  /** Whether the gate could run here, as far as can be told without proving anything to anybody. */
  readonly ready: boolean;
  readonly provider: string;
  /** How the gate would authenticate. */
  readonly method: 'oidc' | 'hmac' | 'none';
  /** Exit status of the first thing that is missing, else 0. */
  readonly exit_code: number;
  readonly checks: readonly DoctorCheck[];
}
