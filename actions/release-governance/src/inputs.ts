import { ConfigurationError, GATE_SETTINGS, type GateSettings, readGateSettings } from '@cavra/release-governance-core';
import type { Environment } from '../../shared/src/environment.ts';
import { InputReader, inputText } from '../../shared/src/inputs.ts';
import { ARTIFACT_NAME, defaultArtifactName } from './artifact-name.ts';

/** What becomes of the evidence. */
export interface PublicationInputs {
  readonly upload: boolean;
  readonly artifactName: string;
  /** Whether the workflow chose the name, so that it is taken as it is. */
  readonly nameIsChosen: boolean;
  /** Undefined: the repository's own. */
  readonly retentionDays: number | undefined;
  readonly failOnUploadError: boolean;
}

/** The inputs of the action, beside the gate's own settings. */
export interface ActionInputs {
  readonly settings: GateSettings;
  readonly summary: boolean;
  readonly publication: PublicationInputs;
}

/** Names of the inputs that only this action has; the others are GATE_SETTINGS. */
export const ACTION_INPUTS = [
  'upload-artifact',
  'artifact-name',
  'retention-days',
  'fail-on-upload-error',
  'summary',
  'matrix-index',
] as const;

/**
 * Reads and checks every input. None is taken from any other variable: an earlier step could have put it there.
 *
 * @throws ConfigurationError CAVRA-E201 naming every mistake
 */
export function readInputs(environment: Environment): ActionInputs {
  const reader = new InputReader(environment);
  const summary = reader.flag('summary', true);
  const publication = readPublication(reader, environment);
  const settings = readSettings(environment, reader.problems);
  return { settings, summary, publication };
}

function readPublication(reader: InputReader, environment: Environment): PublicationInputs {
  const chosen = reader.matching(
    'artifact-name',
    ARTIFACT_NAME,
    'at most 200 characters without " < > | * ? : \\ / and line ends',
  );
  const place = {
    job: environment['GITHUB_JOB'],
    matrixIndex: reader.text('matrix-index'),
    attempt: environment['GITHUB_RUN_ATTEMPT'],
  };
  return {
    upload: reader.flag('upload-artifact', true),
    artifactName: chosen ?? defaultArtifactName(place),
    nameIsChosen: chosen !== undefined,
    retentionDays: reader.integer('retention-days', [1, 400]),
    failOnUploadError: reader.flag('fail-on-upload-error', false),
  };
}

/** @param problems of the other inputs, to be reported together with those of the settings */
function readSettings(environment: Environment, problems: readonly string[]): GateSettings {
  try {
    const settings = readGateSettings(({ name }) => {
      const text = inputText(environment, name);
      return text === undefined ? undefined : { text, label: `input ${name}` };
    });
    if (problems.length === 0) return settings;
  } catch (error) {
    if (problems.length === 0 || !(error instanceof ConfigurationError)) throw error;
    throw new ConfigurationError('CAVRA-E201', [error.message, ...problems].join('; '));
  }
  throw new ConfigurationError('CAVRA-E201', problems.join('; '));
}

/** Every name that is looked up, for the test that holds action.yml against it. */
export const INPUT_NAMES: readonly string[] = [...GATE_SETTINGS.map(({ name }) => name), ...ACTION_INPUTS];
