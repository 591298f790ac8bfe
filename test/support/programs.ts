import { describe, it } from '@jest/globals';
import { PROGRAMS, type ProgramName, programPath } from '../../scripts/programs.mjs';

/**
 * `it` for a test that runs programs which a machine may not have (scripts/programs.mjs). Without one of them it is skipped; in CI, where
 * `test` installs them, that is an error.
 *
 * @throws Error in CI when a program is missing
 */
export function itWith(...names: readonly ProgramName[]): typeof it | typeof it.skip {
  return areHere(names) ? it : it.skip;
}

/** As `itWith`, for a group of tests. */
export function describeWith(...names: readonly ProgramName[]): typeof describe | typeof describe.skip {
  return areHere(names) ? describe : describe.skip;
}

/** The programs that a script names. */
export function programsIn(script: string): readonly ProgramName[] {
  const names = Object.keys(PROGRAMS) as ProgramName[];
  const isIn = (command: string) => new RegExp(`(?<![\\w./-])${command}(?![\\w/-])`).test(script);
  return names.filter((name) => PROGRAMS[name].commands.some(isIn));
}

/** Whether all of them are there; in CI they must be. */
export function areHere(
  names: readonly ProgramName[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  const missing = names.filter((name) => programPath(name, environment) === undefined);
  if (missing.length > 0 && environment['CI']) throw new Error(`missing: ${missing.join(', ')}`);
  return missing.length === 0;
}
