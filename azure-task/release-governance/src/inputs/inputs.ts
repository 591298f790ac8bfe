import {
  ConfigurationError,
  camelCase,
  GATE_SETTINGS,
  type GateSettings,
  readGateSettings,
} from '@cavra/release-governance-core';
import type { Agent } from '../agent/agent.ts';
import { ARTIFACT_NAME } from './artifact-name.ts';

/** What the task is to do. */
export const COMMANDS = ['gate', 'verify'] as const;
export type TaskCommand = (typeof COMMANDS)[number];

/** What becomes of the evidence. */
export interface PublicationInputs {
  readonly upload: boolean;
  /** Undefined: made from the job's name. */
  readonly artifactName: string | undefined;
  readonly summary: boolean;
  /** Azure Pipelines keeps an artifact for as long as its run; that somebody asks for something else is worth a warning. */
  readonly retentionDays: number | undefined;
}

export interface GateInputs {
  readonly settings: GateSettings;
  readonly publication: PublicationInputs;
  /** Id of the service connection whose token is asked for, instead of the pipeline's own. */
  readonly serviceConnection: string | undefined;
}

/** Inputs of the gate that are no settings of it. */
export const PUBLICATION_INPUTS = ['uploadArtifact', 'artifactName', 'retentionDays', 'summary'] as const;
export const SERVICE_CONNECTION_INPUT = 'serviceConnection';

/**
 * Which command the task runs.
 *
 * @throws ConfigurationError CAVRA-E201
 */
export function readCommand(agent: Agent): TaskCommand {
  const text = agent.input('command') ?? 'gate';
  const command = COMMANDS.find((name) => name === text);
  if (command !== undefined) return command;
  throw new ConfigurationError('CAVRA-E201', `input command must be one of ${COMMANDS.join(', ')}`);
}

/**
 * Reads and checks every input of the gate. None is taken from a variable: an earlier step could have set it.
 *
 * @throws ConfigurationError CAVRA-E201 naming every mistake
 */
export function readGateInputs(agent: Agent): GateInputs {
  const reader = new InputReader(agent);
  const publication = {
    upload: reader.flag('uploadArtifact', true),
    artifactName: reader.matching('artifactName', ARTIFACT_NAME, ARTIFACT_NAME_RULE),
    retentionDays: reader.integer('retentionDays', [1, 36_500]),
    summary: reader.flag('summary', true),
  };
  const settings = reader.together(() =>
    readGateSettings(({ name }) => {
      const input = camelCase(name);
      const text = agent.input(input);
      return text === undefined ? undefined : { text, label: `input ${input}` };
    }),
  );
  return { settings, publication, serviceConnection: agent.input(SERVICE_CONNECTION_INPUT) };
}

const ARTIFACT_NAME_RULE = 'at most 150 characters without " / \\ [ ] : | < > + = ; ? * @ % # and line ends';

/** Reads inputs and gathers what is wrong with them, so that every mistake is reported at once. */
export class InputReader {
  readonly #agent: Agent;
  readonly #problems: string[] = [];

  constructor(agent: Agent) {
    this.#agent = agent;
  }

  text(name: string): string | undefined {
    return this.#agent.input(name);
  }

  /** An input of one value a line. */
  lines(name: string): readonly string[] {
    const lines = this.text(name)?.split(/\r?\n/) ?? [];
    return lines.map((line) => line.trim()).filter((line) => line !== '');
  }

  /** A value that must not be empty; where it is, the problem is noted. */
  required(value: string | undefined, problem: string): string {
    if (!value) this.#problems.push(problem);
    return value ?? '';
  }

  flag(name: string, whenAbsent: boolean): boolean {
    const text = this.text(name)?.toLowerCase();
    if (text === 'true' || text === 'false') return text === 'true';
    if (text !== undefined) this.#problems.push(`input ${name} must be true or false`);
    return whenAbsent;
  }

  /** @param range smallest and largest value */
  integer(name: string, [minimum, maximum]: readonly [number, number]): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= minimum && value <= maximum) return value;
    this.#problems.push(`input ${name} must be a whole number from ${minimum} to ${maximum}`);
    return undefined;
  }

  /** @param expected what `pattern` asks for, in words */
  matching(name: string, pattern: RegExp, expected: string): string | undefined {
    const text = this.text(name);
    if (text === undefined || pattern.test(text)) return text;
    this.#problems.push(`input ${name} must be ${expected}`);
    return undefined;
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const text = this.text(name);
    const found = choices.find((choice) => choice === text);
    if (text !== undefined && found === undefined)
      this.#problems.push(`input ${name} must be one of ${choices.join(', ')}`);
    return found;
  }

  /**
   * Reads the rest, and then reports everything that is wrong.
   *
   * @throws ConfigurationError CAVRA-E201
   */
  together<T>(read: () => T): T {
    try {
      const value = read();
      if (this.#problems.length === 0) return value;
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      throw new ConfigurationError('CAVRA-E201', [error.message, ...this.#problems].join('; '));
    }
    throw new ConfigurationError('CAVRA-E201', this.#problems.join('; '));
  }
}

/** The inputs of the gate, as the agent knows them. */
export const GATE_INPUT_NAMES: readonly string[] = [
  ...GATE_SETTINGS.map(({ name }) => camelCase(name)),
  SERVICE_CONNECTION_INPUT,
  ...PUBLICATION_INPUTS,
];
