import {
  asCavraError,
  type CavraError,
  ConfigurationError,
  closestWord,
  diagnosisJson,
} from '@cavra/release-governance-core';
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
  { name: 'approve', load: async () => (await import('./commands/approve/approve.ts')).approveCommand },
  { name: 'init', load: async () => (await import('./commands/init/init.ts')).initCommand },
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
  {
    name: 'keys evidence-of',
    load: async () => (await import('./commands/keys/evidence-of.ts')).keysEvidenceOfCommand,
  },
  { name: 'doctor', load: async () => (await import('./commands/gate/doctor.ts')).doctorCommand },
];

/**
 * Runs the program.
 *
 * @param args the arguments after the program's name
 * @returns the exit status (README.md#exit-status); never throws
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
  const [first, ...others] = args;
  if (first === undefined) {
    terminal.out(await overview(COMMANDS, terminal));
    throw new ConfigurationError('CAVRA-E217', 'no command is given');
  }
  if (VERSION_WORDS.includes(first)) {
    terminal.out(`${terminal.version}\n`);
    return 0;
  }
  if (first === 'help') return help(others, terminal);
  if (asksForHelp([first])) return help([], terminal);
  if (groupOf(first).length > 0 && asksForHelp(others.slice(0, 1)) && !isCommand(first)) return help([first], terminal);
  const entry = findCommand(args);
  const rest = args.slice(entry.name.split(' ').length);
  if (asksForHelp(rest)) return help(entry.name.split(' '), terminal);
  const command = await entry.load();
  return command.run(terminal, parseArguments(command, rest));
}

const VERSION_WORDS = ['--version', '-v', '-V', 'version'];

function asksForHelp(words: readonly string[]): boolean {
  return words.includes('--help') || words.includes('-h');
}

/** Explains the program, a group of commands such as `keys`, or one command. */
async function help(words: readonly string[], terminal: Terminal): Promise<number> {
  const [first] = words;
  if (first === undefined) terminal.out(await overview(COMMANDS, terminal));
  else if (words.length === 1 && !isCommand(first) && groupOf(first).length > 0) {
    terminal.out(await overview(groupOf(first), terminal));
  } else terminal.out(commandHelp(await findCommand(words).load()));
  return 0;
}

async function overview(entries: readonly CommandEntry[], terminal: Terminal): Promise<string> {
  return programHelp(await Promise.all(entries.map(({ load }) => load())), terminal.version);
}

function isCommand(word: string): boolean {
  return COMMANDS.some(({ name }) => name === word);
}

/** The commands of two words that begin with this one. */
function groupOf(word: string): readonly CommandEntry[] {
  return COMMANDS.filter(({ name }) => name.startsWith(`${word} `));
}

/** Takes the longest name that the arguments start with. */
function findCommand(args: readonly string[]): CommandEntry {
  const entry = COMMANDS.find(({ name }) => name.split(' ').every((word, index) => args[index] === word));
  if (entry !== undefined) return entry;
  const [first = '', second = ''] = args;
  const inGroup = groupOf(first).map(({ name }) => name);
  const names = COMMANDS.map(({ name }) => name);
  const isGroup = inGroup.length > 0 && second === '';
  const meant = isGroup
    ? undefined
    : closestWord(inGroup.length > 0 ? `${first} ${second}` : first, [
        ...names,
        ...names.flatMap((name) => name.split(' ').slice(0, -1)),
      ]);
  const known = inGroup.length > 0 ? `say ${inGroup.join(' or ')}` : `known are ${names.join(', ')}`;
  const hint = meant === undefined ? known : `did you mean ${meant}?`;
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
