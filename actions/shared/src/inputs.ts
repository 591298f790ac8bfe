import { InputReader } from '@cavra/release-governance-core';
import type { Environment } from './environment.ts';

/**
 * An input of an action, without blanks around it; undefined when it is not given. The runner sets `INPUT_<NAME>` for every input that
 * action.yml declares, given or not, so that a step before cannot slip one in.
 */
export function inputText(environment: Environment, name: string): string | undefined {
  const text = environment[`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`]?.trim();
  return text === '' ? undefined : text;
}

export function actionInputs(environment: Environment): InputReader {
  return new InputReader((name) => inputText(environment, name));
}
