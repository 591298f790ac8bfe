import { type InclusionReport, verifyProofFile } from '@cavra/release-governance-core';
import { jsonText, optionValue, type ParsedArguments, type Terminal, wantsJson } from '../../command-line/command.ts';
import { failureText } from '../../render/failure-text.ts';
import { printable, type Style, styleFor, table } from '../../render/style.ts';
import { expectationsOf } from './expectations.ts';
import { KEYRING, listed, PUBLIC_KEY } from './options.ts';

/** Verifies the file that `verify --record N --proof` wrote. */
export async function runVerifyProof(terminal: Terminal, parsed: ParsedArguments): Promise<number> {
  const expectations = expectationsOf(parsed);
  const { report, failure } = await verifyProofFile({
    path: parsed.positionals[0] ?? '',
    environment: terminal.environment,
    workingDirectory: terminal.workingDirectory,
    keyring: optionValue(terminal, parsed, KEYRING)?.text,
    publicKeys: listed(parsed, PUBLIC_KEY),
    now: terminal.now,
    ...(expectations === undefined ? {} : { expectations }),
  });
  terminal.out(wantsJson(parsed) ? jsonText(report) : proofText(report, styleFor(terminal.colour)));
  if (failure !== undefined) terminal.err(failureText(failure));
  return failure?.exitStatus ?? 0;
}

function proofText(report: InclusionReport, style: Style): string {
  const verdict = report.valid ? style.good('VALID') : style.bad('NOT AS EXPECTED');
  const { provider = '', repository = '', ref = '', sha = '', run_id: run = '' } = report.identity;
  const job = [provider, repository, ref, sha, run === '' ? '' : `run ${run}`]
    .filter((part) => part !== '')
    .join(' · ');
  const { checkpoint } = report;
  return `${style.bold('CAVRA record')}  ${verdict}\n\n${table(
    [
      ['record', `${report.record} of ${report.record_count}, proven to be in the stream without the others`],
      ['decision', printable(`${report.decision} by ${report.rule_id}`)],
      ['time', report.timestamp],
      ['job', printable(job)],
      ['record hash', report.record_hash],
      ['stream', report.stream_id],
      ['checkpoint', printable(`${checkpoint.result} at ${checkpoint.time}, key ${checkpoint.key_id}`)],
    ],
    style,
  )}`;
}
