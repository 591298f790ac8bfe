import { type DoctorCheck, examineJob, GATE_SETTINGS, readGateSettings } from '@cavra/release-governance-core';
import {
  type Command,
  FORMAT,
  jsonText,
  type ParsedArguments,
  type Terminal,
  wantsJson,
} from '../../command-line/command.ts';
import { printable, type Row, styleFor, table } from '../../render/style.ts';
import { lookUpSetting, settingOption } from './options.ts';

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'what this CI job offers the gate, and what is missing',
  synopsis: '',
  details: 'Takes the options of `gate`. Writes nothing, asks nobody for a token and shows no secret.',
  options: [...GATE_SETTINGS.filter(({ name }) => !name.startsWith('request')).map(settingOption), FORMAT],
  positionals: [0, 0],
  run: runDoctor,
};

async function runDoctor(terminal: Terminal, parsed: ParsedArguments): Promise<number> {
  const report = await examineJob({
    settings: readGateSettings((definition) => lookUpSetting(definition, terminal, parsed)),
    environment: terminal.environment,
    workspace: terminal.workingDirectory,
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
    return [
      name,
      `${mark}  ${printable(detail)}`,
      ...(action === undefined ? [] : [`what to do: ${printable(action)}`]),
    ];
  }
}
