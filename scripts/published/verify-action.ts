import {
  describeVerifySetting,
  VERIFY_SETTINGS,
  type VerifySettingDefinition,
} from '../../packages/core/src/settings/verify-table.ts';

interface Input {
  readonly name: string;
  readonly description: string;
  readonly required?: true;
  readonly default?: string;
}

const SUMMARY: Input = { name: 'summary', description: 'Show the result on the page of the run.', default: 'true' };

/** The text of actions/verify/action.yml, whose inputs are the settings of `verify`. */
export function verifyActionYml(): string {
  const inputs = [...VERIFY_SETTINGS.flatMap(inputsOf), SUMMARY];
  return `${HEAD}\ninputs:\n${inputs.map(inputText).join('')}\n${TAIL}`;
}

/** An input for the setting, and one for its other name. */
function inputsOf(setting: VerifySettingDefinition): readonly Input[] {
  const { name, alias, thisRun } = setting;
  const standard = thisRun === 'provider' ? 'github-actions' : (setting.default ?? setting.adapterDefault);
  const input = {
    name,
    description: sentence(describeVerifySetting(setting, 'lines')),
    ...(name === 'path' ? { required: true as const } : {}),
    ...(standard === undefined ? {} : { default: standard }),
  };
  return alias === undefined ? [input] : [input, { name: alias, description: `Another name of \`${name}\`.` }];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** JSON strings are YAML strings. */
function inputText({ name, description, required, default: standard }: Input): string {
  return [
    `  ${name}:`,
    `    description: ${JSON.stringify(description)}`,
    ...(required === undefined ? [] : ['    required: true']),
    ...(standard === undefined ? [] : [`    default: '${standard}'`]),
    '',
  ].join('\n');
}

const HEAD = `# Written by scripts/generate-schemas.mjs from the table of settings: change packages/core/src/settings/verify-table.ts.
name: CAVRA release governance, verify
description: 'Verifies the evidence of a release gate: bytes, chain, signatures, and that it is an allow of this run and commit.'
author: CAVRA
branding:
  icon: check-circle
  color: blue
`;

const TAIL = `outputs:
  valid:
    description: '\`true\` when the evidence is valid and what was expected.'
  record-count:
    description: Records in the stream.
  head-hash:
    description: Hash of the last record, which stands for the whole stream.
  diagnosis-code:
    description: '\`CAVRA-E…\` when the step failed, else empty; docs/errors.md says what each means and what to do.'

runs:
  using: node24
  main: dist/main.mjs
`;
