import { startDaemon } from '@cavra/release-governance-core';
import {
  type Command,
  FORMAT,
  jsonText,
  type ParsedArguments,
  type Terminal,
  wantsJson,
} from '../../command-line/command.ts';
import { printable } from '../../render/style.ts';
import { CONFIG, daemonOptions } from './options.ts';

export const daemonStartCommand: Command = {
  name: 'daemon start',
  summary: 'start the resident daemon in the background, and wait until it answers',
  synopsis: '',
  details: 'It logs to daemon.log in its state folder.',
  options: [CONFIG, FORMAT],
  positionals: [0, 0],
  run: runDaemonStart,
};

async function runDaemonStart(terminal: Terminal, parsed: ParsedArguments): Promise<number> {
  const options = daemonOptions(terminal, parsed);
  const { daemon, log } = await startDaemon(options, (logFile) => [
    ...terminal.program,
    ...['daemon', 'run', '--config', options.configuration, '--log-file', logFile],
  ]);
  terminal.out(
    wantsJson(parsed)
      ? jsonText({ running: true, daemon, log })
      : printable(`the daemon ${daemon.name} is running; its log is ${log}`).concat('\n'),
  );
  return 0;
}
