import { type DaemonStatus, daemonStatus } from '@cavra/release-governance-core';
import {
  type Command,
  FORMAT,
  jsonText,
  type ParsedArguments,
  type Terminal,
  wantsJson,
} from '../../command-line/command.ts';
import { printable, type Style, styleFor, table } from '../../render/style.ts';
import { CONFIG, daemonOptions } from './options.ts';

export const daemonStatusCommand: Command = {
  name: 'daemon status',
  summary: 'whether the resident daemon of this configuration runs, and what it has done',
  synopsis: '',
  details: 'Exit status 0 when it runs, 5 when it does not. Nothing of it is recorded as evidence.',
  options: [CONFIG, FORMAT],
  positionals: [0, 0],
  run: runDaemonStatus,
};

async function runDaemonStatus(terminal: Terminal, parsed: ParsedArguments): Promise<number> {
  const status = await daemonStatus(daemonOptions(terminal, parsed));
  terminal.out(
    wantsJson(parsed) ? jsonText({ running: true, ...status }) : statusText(status, styleFor(terminal.colour)),
  );
  return 0;
}

function statusText(status: DaemonStatus, style: Style): string {
  const verdict = status.draining ? style.warn('STOPPING') : style.good('RUNNING');
  const rows = [
    ['daemon', printable(`${status.daemon.name}, version ${status.daemon.version}`)],
    ['socket', printable(status.socket)],
    ['process', `${status.pid}, since ${printable(status.started_at)}`],
    ['signs with', printable(status.key_id)],
    ['answered', `${status.requests} requests, ${status.refused} of them refused`],
    ['open', `${status.connections} connections, ${status.open_streams} streams`],
    ['remembers', `${status.remembered_proofs} proofs`],
    ['configuration', `sha256 ${printable(status.configuration_sha256)}`],
  ] as const;
  return `${style.bold('CAVRA daemon')}  ${verdict}\n\n${table(rows, style)}`;
}
