import { type GateSettings, readGateSettings, type SettingKind } from '@cavra/release-governance-core';
import type { Configuration } from './configuration.ts';
import { GATE_INPUTS, inputName } from './inputs.ts';

const JWKS_PATH = '/oauth/discovery/keys';

/**
 * The gate's settings from the inputs of the template.
 *
 * @throws ConfigurationError CAVRA-E201 naming every mistake
 */
export function gateSettings(configuration: Configuration): GateSettings {
  return readGateSettings(({ name, kind }) => {
    const input = inputName(name);
    const text = name === 'jwks-url' ? jwksUrl(configuration) : inputText(configuration, input, kind);
    return text === defaultText(input) ? undefined : { text, label: `input ${input}` };
  });
}

/** The keys of a self-managed instance are where its issuer is, unless something else is said. */
function jwksUrl(configuration: Configuration): string {
  const given = configuration.text('jwks_url');
  const issuer = configuration.text('issuer');
  if (given !== '' || issuer === '' || configuration.text('jwks') !== '') return given;
  return `${issuer.replace(/\/$/, '')}${JWKS_PATH}`;
}

/** The entries of an input that holds several. */
export function listed(text: string): readonly string[] {
  return text
    .split(';')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** A list has one entry a line for the gate; an input is one line. */
function inputText(configuration: Configuration, input: string, kind: SettingKind): string {
  const text = configuration.text(input);
  return kind === 'list' ? listed(text).join('\n') : text;
}

/** What the template itself fills in is not a choice of the pipeline's: in a merge request, choices of trust are refused. */
function defaultText(input: string): string | undefined {
  const standard = GATE_INPUTS.find(({ name }) => name === input)?.default;
  return standard === undefined ? undefined : String(standard);
}
