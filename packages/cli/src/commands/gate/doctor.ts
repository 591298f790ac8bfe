import { type DoctorCheck, examineJob, GATE_SETTINGS, logLine, readGateSettings } from '@cavra/release-governance-core';
import {
  type Command,
  FORMAT,
  jsonText,
  type ParsedArguments,
  type Terminal,
  wantsJson,
} from '../../command-line/command.ts';
import { settingOption } from '../../command-line/setting-options.ts';
import { type Row, styleFor, table } from '../../render/style.ts';
import { EPHEMERAL_KEYS, gateLookup } from './options.ts';

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'what this CI job offers the gate, and what is missing',
  synopsis: '[REQUEST…]',
  details: 'Takes the options of `gate`. Writes nothing, asks nobody for a token and shows no secret.',
  options: [...GATE_SETTINGS.map(settingOption), EPHEMERAL_KEYS, FORMAT],
  positionals: [0, Number.MAX_SAFE_INTEGER],
  run: runDoctor,
};

async function runDoctor(terminal: Terminal, parsed: ParsedArguments): Promise<number> {
  const report = await examineJob({
    settings: readGateSettings(gateLookup(terminal, parsed)),
    environment: terminal.environment,
    workspace: terminal.workingDirectory,
    ephemeralKeys: parsed.flags.has(EPHEMERAL_KEYS.name),
    nodeVersion: terminal.nodeVersion,
    now: terminal.now,
    randomBytes: terminal.randomBytes,
    version: terminal.version,
  });
  const style = styleFor(terminal.colour);
  const verdict = report.ready ? style.good('READY') : style.bad('NOT READY');
  terminal.out(
    wantsJson(parsed)
      ? jsonText(report)
      : `${style.bold('CAVRA doctor')}  ${verdict}\n\n${table(report.checks.map(row), style)}`,
  );
  return report.exit_code;

  function row({ name, state, detail, action }: DoctorCheck): Row {
    const mark = { ok: style.good('ok'), warning: style.warn('warning'), missing: style.bad('missing') }[state];
    return [name, `${mark}  ${logLine(detail)}`, ...(action === undefined ? [] : [`what to do: ${logLine(action)}`])];
  }
}
