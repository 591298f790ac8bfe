import { type RuntimePackageReport, verifyRuntimePackage } from '@cavra/release-governance-core';
import {
  type Command,
  FORMAT,
  type ParsedArguments,
  requiredOption,
  type Terminal,
  wantsJson,
} from '../../command-line/command.ts';
import { printable, type Row, type Style, styleFor, table } from '../../render/style.ts';

export const runtimeVerifyCommand: Command = {
  name: 'runtime verify',
  summary: 'verify a signed runtime package, as the gate does before it runs a program of it',
  synopsis: 'DIR',
  details:
    'FILE holds the public key of the publisher (PEM), or the SHA-256 of its PEM text. The key that the package carries proves\nnothing. Exit status 0 when everything holds, else 2 with everything that does not.',
  options: [
    { name: 'public-key', kind: 'value', placeholder: 'FILE', description: 'the pinned public key; required' },
    FORMAT,
  ],
  positionals: [1, 1],
  run: runRuntimeVerify,
};

async function runRuntimeVerify(terminal: Terminal, parsed: ParsedArguments): Promise<number> {
  const [path = ''] = parsed.positionals;
  const report = await verifyRuntimePackage({
    path,
    publicKey: requiredOption(parsed, 'public-key'),
    workingDirectory: terminal.workingDirectory,
    platform: terminal.platform,
    arch: terminal.arch,
  });
  terminal.out(
    wantsJson(parsed)
      ? `${JSON.stringify({ valid: true, ...report }, null, 2)}\n`
      : reportText(report, styleFor(terminal.colour)),
  );
  return 0;
}

function reportText(report: RuntimePackageReport, style: Style): string {
  const signed = report.files.filter((file) => file.signed).length;
  const rows: Row[] = [
    ['package', printable(report.package)],
    ['program', `${report.program.path}, version ${report.version}`, `sha256 ${report.program.sha256}`],
    ['platform', `${report.os} ${report.arch}`],
    ['signed by', printable(`${report.signer}, key ${report.key_id}`), `sha256 ${report.public_key_sha256}`],
    ['files', `${report.files.length} with the right digest, ${signed} of them signed themselves`],
  ];
  return `${style.bold('CAVRA runtime package')}  ${style.good('VALID')}\n\n${table(rows, style)}`;
}
