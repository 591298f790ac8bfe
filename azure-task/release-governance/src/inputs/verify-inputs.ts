import {
  camelCase,
  InputReader,
  inputLookup,
  readVerifyInputs,
  VERIFY_SETTINGS,
  type VerifySettings,
} from '@cavra/release-governance-core';
import type { Agent } from '../agent/agent.ts';

/** The inputs of `command: verify`, checked. */
export interface VerifyInputs {
  readonly settings: VerifySettings;
  readonly summary: boolean;
}

/** In the order in which they are documented; some are inputs of the gate as well. */
export const VERIFY_INPUT_NAMES: readonly string[] = VERIFY_SETTINGS.flatMap(({ name, alias }) =>
  [name, ...(alias === undefined ? [] : [alias])].map(camelCase),
);

/** Where the gate leaves evidence, unless it is told otherwise. */
export const DEFAULT_PATH = '.cavra/go-daemon';

/**
 * Reads and checks every input.
 *
 * @throws ConfigurationError CAVRA-E201 naming every mistake
 */
export function readTaskVerifyInputs(agent: Agent): VerifyInputs {
  const reader = new InputReader((name) => agent.input(name));
  const read = (name: string) => reader.text(name) ?? (name === 'path' ? DEFAULT_PATH : undefined);
  const summary = reader.flag('summary', true);
  return { settings: reader.together(() => readVerifyInputs(inputLookup(camelCase, read))), summary };
}
