import {
  createGate,
  GATE_SETTINGS,
  gateResult,
  readGateSettings,
  type SettingDefinition,
} from '@cavra/release-governance-core';
import {
  type Command,
  FORMAT,
  type OptionDefinition,
  optionValue,
  type ParsedArguments,
  type Terminal,
  wantsJson,
} from '../command.ts';
import { failureText } from '../render/failure-text.ts';
import { gateText } from '../render/gate-text.ts';
import { styleFor } from '../render/style.ts';

const EPHEMERAL_KEYS: OptionDefinition = {
  name: 'ephemeral-keys',
  kind: 'flag',
  description: 'random keys for a local trial; refused on CI platforms',
};

export const gateCommand: Command = {
  name: 'gate',
  summary: 'prove which job this is, ask for the decision, leave verified evidence',
  synopsis: '[REQUEST…]',
  details: 'REQUEST is one or more request files or globs. With no option at all the environment drives the run.',
  options: [...GATE_SETTINGS.filter(({ name }) => name !== 'request').map(optionOf), EPHEMERAL_KEYS, FORMAT],
  positionals: [0, Number.MAX_SAFE_INTEGER],
  run: runGateCommand,
};

function optionOf(definition: SettingDefinition): OptionDefinition {
  return {
    name: definition.name,
    kind: definition.kind === 'flag' ? 'flag' : definition.kind === 'list' ? 'list' : 'value',
    description: definition.description,
    ...(definition.placeholder === undefined ? {} : { placeholder: definition.placeholder }),
    ...(definition.environment === undefined ? {} : { environment: definition.environment }),
    ...(definition.choices === undefined ? {} : { choices: definition.choices }),
    ...(definition.default === undefined ? {} : { default: definition.default }),
  };
}

async function runGateCommand(terminal: Terminal, parsed: ParsedArguments): Promise<number> {
  const settings = readGateSettings((definition) => lookUp(definition, terminal, parsed));
  const gate = await createGate({
    settings,
    environment: terminal.environment,
    workspace: terminal.workingDirectory,
    ephemeralKeys: parsed.flags.has(EPHEMERAL_KEYS.name),
    now: terminal.now,
    randomBytes: terminal.randomBytes,
    version: terminal.version,
  });
  const outcome = await gate.run();
  const result = gateResult(outcome);
  terminal.out(
    wantsJson(parsed) ? `${JSON.stringify(result, null, 2)}\n` : gateText(result, styleFor(terminal.colour)),
  );
  if (outcome.failure !== undefined) terminal.err(failureText(outcome.failure));
  return result.exit_code;
}

/** The option, else the variable; positional requests stand for the setting `request`. */
function lookUp(definition: SettingDefinition, terminal: Terminal, parsed: ParsedArguments) {
  if (definition.name === 'request') {
    if (parsed.positionals.length > 0) return { text: parsed.positionals.join('\n'), label: 'REQUEST' };
    // A request given inline on the command line is meant instead of the one that the environment names.
    if (parsed.values.has('request-json')) return undefined;
  }
  if (definition.name === 'request-json' && parsed.positionals.length > 0 && !parsed.values.has('request-json')) {
    return undefined;
  }
  if (definition.kind === 'flag' && parsed.flags.has(definition.name)) {
    return { text: 'true', label: `--${definition.name}` };
  }
  const texts = parsed.lists.get(definition.name);
  if (texts !== undefined) return { text: texts.join('\n'), label: `--${definition.name}` };
  const found = optionValue(terminal, parsed, optionOf(definition));
  return found?.label === 'default' ? undefined : found;
}
