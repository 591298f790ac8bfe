import {
  camelCase,
  GATE_SETTINGS,
  type GateSettings,
  InputReader,
  inputLookup,
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
  const reader = new InputReader((name) => agent.input(name));
  const command = reader.choice('command', COMMANDS);
  return reader.together(() => command);
}

/**
 * Reads and checks every input of the gate. None is taken from a variable: an earlier step could have set it.
 *
 * @throws ConfigurationError CAVRA-E201 naming every mistake
 */
export function readGateInputs(agent: Agent): GateInputs {
  const reader = new InputReader((name) => agent.input(name));
  const publication = {
    upload: reader.flag('uploadArtifact', true),
    artifactName: reader.matching('artifactName', ARTIFACT_NAME, ARTIFACT_NAME_RULE),
    retentionDays: reader.integer('retentionDays', [1, 36_500]),
    summary: reader.flag('summary', true),
  };
  const settings = reader.together(() => readGateSettings(inputLookup(camelCase, reader.text)));
  return { settings, publication, serviceConnection: agent.input(SERVICE_CONNECTION_INPUT) };
}

const ARTIFACT_NAME_RULE = 'at most 150 characters without " / \\ [ ] : | < > + = ; ? * @ % # and line ends';

/** The inputs of the gate, as the agent knows them. */
export const GATE_INPUT_NAMES: readonly string[] = [
  ...GATE_SETTINGS.map(({ name }) => camelCase(name)),
  SERVICE_CONNECTION_INPUT,
  ...PUBLICATION_INPUTS,
];
