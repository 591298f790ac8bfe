import { stopDaemon } from '@cavra/release-governance-core';
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

export const daemonStopCommand: Command = {
  name: 'daemon stop',
  summary: 'stop the resident daemon of this configuration, and wait until it is gone',
  synopsis: '',
  details: 'It asks over the socket, of a daemon that has proven itself by its key: no process is ever signalled.',
  options: [CONFIG, FORMAT],
  positionals: [0, 0],
  run: runDaemonStop,
};

async function runDaemonStop(terminal: Terminal, parsed: ParsedArguments): Promise<number> {
  const daemon = await stopDaemon(daemonOptions(terminal, parsed));
  terminal.out(
    wantsJson(parsed)
      ? jsonText({ running: false, daemon })
      : printable(`the daemon ${daemon.name} has stopped`).concat('\n'),
  );
  return 0;
}
