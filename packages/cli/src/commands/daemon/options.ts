import { resolve } from 'node:path';
import { ConfigurationError, type DaemonControlOptions } from '@cavra/release-governance-core';
import { type OptionDefinition, optionValue, type ParsedArguments, type Terminal } from '../../command-line/command.ts';

export const CONFIG: OptionDefinition = {
  name: 'config',
  kind: 'value',
  placeholder: 'FILE',
  environment: 'CAVRA_DAEMON_CONFIG',
  description: 'the daemon’s configuration; required',
};

/** @throws ConfigurationError CAVRA-E217 no configuration is named */
export function daemonOptions(terminal: Terminal, parsed: ParsedArguments): DaemonControlOptions {
  const configuration = optionValue(terminal, parsed, CONFIG)?.text;
  if (configuration === undefined) throw new ConfigurationError('CAVRA-E217', '--config is required');
  const { environment, workingDirectory, now, randomBytes, version } = terminal;
  return { configuration: resolve(workingDirectory, configuration), environment, now, randomBytes, version };
}
