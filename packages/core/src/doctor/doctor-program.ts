import { CavraError } from '../domain/diagnosis.ts';
import { loadPinnedProgram } from '../gate/runtime/runtime-package.ts';
import { attemptAsync, type Examination, missing, ok } from './check.ts';
import type { DoctorOptions } from './options.ts';

/** Whether the external runtime is the program that is pinned; it is not run. */
export async function examineProgram({ settings, workspace }: DoctorOptions): Promise<readonly Examination[]> {
  const program = await attemptAsync(() => loadPinnedProgram(settings, workspace));
  return [program instanceof CavraError ? missing('runtime', program) : ok('runtime', program.description)];
}
