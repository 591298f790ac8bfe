import { asCavraError, type CavraError, ConfigurationError, diagnosisJson } from '@cavra/release-governance-core';
import { parseArguments } from './command-line/arguments.ts';
import { type Command, jsonText, type Terminal } from './command-line/command.ts';
import { commandHelp, programHelp } from './command-line/help.ts';
import { gateCommand } from './commands/gate/gate.ts';
import { failureText } from './render/failure-text.ts';

interface CommandEntry {
  readonly name: string;
  /** Loads the command's module, and with it only what that command needs. */
  readonly load: () => Promise<Command>;
}

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  // Not by import(): it sits in every release, and what it needs is compiled with the program.
  { name: 'gate', load: async () => gateCommand },
  { name: 'verify', load: async () => (await import('./commands/verify/verify.ts')).verifyCommand },
  { name: 'audit merge', load: async () => (await import('./commands/audit/audit-merge.ts')).auditMergeCommand },
  { name: 'audit', load: async () => (await import('./commands/audit/audit.ts')).auditCommand },
  { name: 'request new', load: async () => (await import('./commands/request/new.ts')).requestNewCommand },
  { name: 'request lint', load: async () => (await import('./commands/request/lint.ts')).requestLintCommand },
  { name: 'policy lint', load: async () => (await import('./commands/policy/lint.ts')).policyLintCommand },
  { name: 'policy explain', load: async () => (await import('./commands/policy/explain.ts')).policyExplainCommand },
  { name: 'daemon run', load: async () => (await import('./commands/daemon/run.ts')).daemonRunCommand },
  { name: 'daemon start', load: async () => (await import('./commands/daemon/start.ts')).daemonStartCommand },
  { name: 'daemon stop', load: async () => (await import('./commands/daemon/stop.ts')).daemonStopCommand },
  { name: 'daemon status', load: async () => (await import('./commands/daemon/status.ts')).daemonStatusCommand },
  {
    name: 'runtime verify',
    load: async () => (await import('./commands/verify/runtime-verify.ts')).runtimeVerifyCommand,
  },
  { name: 'keys generate', load: async () => (await import('./commands/keys/generate.ts')).keysGenerateCommand },
  { name: 'keys status', load: async () => (await import('./commands/keys/status.ts')).keysStatusCommand },
  { name: 'keys retire', load: async () => (await import('./commands/keys/change.ts')).keysRetireCommand },
  { name: 'keys revoke', load: async () => (await import('./commands/keys/change.ts')).keysRevokeCommand },
  { name: 'doctor', load: async () => (await import('./commands/gate/doctor.ts')).doctorCommand },
];

/**
 * Runs the program.
 *
 * @param args the arguments after the program's name
 * @returns the exit status (interfaces.md); never throws
 */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await dispatch(args, terminal);
  } catch (error) {
    const failure = asCavraError(error);
    printFailure(failure, args, terminal);
    return failure.exitStatus;
  }
}

async function dispatch(args: readonly string[], terminal: Terminal): Promise<number> {
  const [first] = args;
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
    const commands = await Promise.all(COMMANDS.map(({ load }) => load()));
    terminal.out(programHelp(commands, terminal.version));
    if (first !== undefined) return 0;
    throw new ConfigurationError('CAVRA-E217', 'no command is given');
  }
  if (first === '--version') {
    terminal.out(`${terminal.version}\n`);
    return 0;
  }
  const group = COMMANDS.filter(({ name }) => name.startsWith(`${first} `));
  const isCommand = COMMANDS.some(({ name }) => name === first);
  if (group.length > 0 && !isCommand && (args[1] === '--help' || args[1] === '-h')) {
    const commands = await Promise.all(group.map(({ load }) => load()));
    terminal.out(programHelp(commands, terminal.version));
    return 0;
  }
  const entry = findCommand(args);
  const command = await entry.load();
  const rest = args.slice(entry.name.split(' ').length);
  if (rest.includes('--help') || rest.includes('-h')) {
    terminal.out(commandHelp(command));
    return 0;
  }
  return command.run(terminal, parseArguments(command, rest));
}

/** Takes the longest name that the arguments start with. */
function findCommand(args: readonly string[]): CommandEntry {
  const entry = COMMANDS.find(({ name }) => name.split(' ').every((word, index) => args[index] === word));
  if (entry !== undefined) return entry;
  const [first = ''] = args;
  const inGroup = COMMANDS.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => name);
  const hint =
    inGroup.length > 0 ? `say ${inGroup.join(' or ')}` : `known are ${COMMANDS.map(({ name }) => name).join(', ')}`;
  throw new ConfigurationError('CAVRA-E217', `unknown command ${JSON.stringify(first)}; ${hint}`);
}

function printFailure(failure: CavraError, args: readonly string[], terminal: Terminal): void {
  const json = args.some((arg, index) => arg === '--format=json' || (arg === '--format' && args[index + 1] === 'json'));
  if (json) {
    const diagnosis = diagnosisJson(failure);
    terminal.out(jsonText({ exit_code: failure.exitStatus, diagnosis }));
  }
  terminal.err(failureText(failure));
}
