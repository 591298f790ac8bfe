import { resolve } from 'node:path';
import { runDaemon } from '@cavra/release-governance-core';
import type { Command, OptionDefinition, ParsedArguments, Terminal } from '../../command-line/command.ts';
import { CONFIG, daemonOptions } from './options.ts';

const LOG_FILE: OptionDefinition = {
  name: 'log-file',
  kind: 'value',
  placeholder: 'FILE',
  description: 'log there, up to 16 MiB twice, instead of to stderr',
};

export const daemonRunCommand: Command = {
  name: 'daemon run',
  summary: 'run the resident daemon in the foreground, for a supervisor',
  synopsis: '',
  details:
    'Logs one JSON object a line. SIGTERM lets it answer what it was asked and ends it within 5 seconds; SIGHUP has it read its\nconfiguration again, which counts only when all of it is right.',
  options: [CONFIG, LOG_FILE],
  positionals: [0, 0],
  run: runDaemonCommand,
};

async function runDaemonCommand(terminal: Terminal, parsed: ParsedArguments): Promise<number> {
  const logFile = parsed.values.get(LOG_FILE.name);
  return runDaemon({
    ...daemonOptions(terminal, parsed),
    pid: terminal.pid,
    log: terminal.err,
    logFile: logFile === undefined ? undefined : resolve(terminal.workingDirectory, logFile),
    onSignal: terminal.onSignal,
  });
}
