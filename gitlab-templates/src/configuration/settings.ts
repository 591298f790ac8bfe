import { type GateSettings, readGateSettings, type SettingKind } from '@cavra/release-governance-core';
import type { Configuration } from './configuration.ts';
import { GATE_INPUTS, inputName } from './inputs.ts';

/**
 * The gate's settings from the inputs of the template.
 *
 * @throws ConfigurationError CAVRA-E201 naming every mistake
 */
export function gateSettings(configuration: Configuration): GateSettings {
  return readGateSettings(({ name, kind }) => {
    const input = inputName(name);
    const text = inputText(configuration, input, kind);
    return text === defaultText(input) ? undefined : { text, label: `input ${input}` };
  });
}

/** A list has one entry a line for the core; an input is one line. */
export function inputText(configuration: Configuration, input: string, kind: SettingKind): string {
  const text = configuration.text(input).trim();
  if (kind !== 'list') return text;
  const entries = text.split(';').map((entry) => entry.trim());
  return entries.filter((entry) => entry !== '').join('\n');
}

/** What the template itself fills in is not a choice of the pipeline's: in a merge request, choices of trust are refused. */
function defaultText(input: string): string | undefined {
  const standard = GATE_INPUTS.find(({ name }) => name === input)?.default;
  return standard === undefined ? undefined : String(standard);
}
