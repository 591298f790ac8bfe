import { createGate, GATE_SETTINGS, gateResult, readGateSettings } from '@cavra/release-governance-core';
import {
  type Command,
  FORMAT,
  jsonText,
  type OptionDefinition,
  type ParsedArguments,
  type Terminal,
  wantsJson,
} from '../../command-line/command.ts';
import { failureText } from '../../render/failure-text.ts';
import { gateText } from '../../render/gate-text.ts';
import { styleFor } from '../../render/style.ts';
import { lookUpSetting, settingOption } from './options.ts';

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
  options: [...GATE_SETTINGS.filter(({ name }) => name !== 'request').map(settingOption), EPHEMERAL_KEYS, FORMAT],
  positionals: [0, Number.MAX_SAFE_INTEGER],
  run: runGateCommand,
};

async function runGateCommand(terminal: Terminal, parsed: ParsedArguments): Promise<number> {
  const settings = readGateSettings((definition) => lookUpSetting(definition, terminal, parsed));
  const [, program] = terminal.program;
  const gate = createGate({
    settings,
    environment: terminal.environment,
    workspace: terminal.workingDirectory,
    ephemeralKeys: parsed.flags.has(EPHEMERAL_KEYS.name),
    now: terminal.now,
    randomBytes: terminal.randomBytes,
    version: terminal.version,
    ...(program === undefined ? {} : { program }),
  });
  const outcome = await gate.run();
  const result = gateResult(outcome);
  terminal.out(wantsJson(parsed) ? jsonText(result) : gateText(result, styleFor(terminal.colour)));
  if (outcome.failure !== undefined) terminal.err(failureText(outcome.failure));
  return result.exit_code;
}
