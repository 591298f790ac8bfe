import { asCavraError, type PublishableFile, RuntimeFailure } from '@cavra/release-governance-core';
import type { Agent } from '../agent/agent.ts';
import type { Environment } from '../agent/environment.ts';
import { takesArtifacts } from '../agent/preflight.ts';
import { defaultArtifactName } from '../inputs/artifact-name.ts';
import type { PublicationInputs } from '../inputs/inputs.ts';
import { stageFiles } from './stage.ts';

/** What became of the evidence. None of it changes what the gate decided. */
export type Publication =
  | { readonly state: 'published'; readonly name: string }
  /** With the log, where there are no artifacts. */
  | { readonly state: 'attached' }
  /** There is nothing, or the pipeline does not want it. */
  | { readonly state: 'kept'; readonly reason: string }
  | { readonly state: 'failed'; readonly failure: RuntimeFailure };

export interface PublicationRequest {
  readonly inputs: PublicationInputs;
  /** Exactly what may be published. */
  readonly files: readonly PublishableFile[];
  /** As people know it, for messages. */
  readonly evidenceDir: string;
  readonly environment: Environment;
}

/** Hands the evidence to the agent, which uploads it when the task has ended. Never throws. */
export async function publishEvidence(agent: Agent, request: PublicationRequest): Promise<Publication> {
  const { inputs, files, evidenceDir, environment } = request;
  if (files.length === 0) return { state: 'kept', reason: 'there is no evidence to publish' };
  if (!inputs.upload) return { state: 'kept', reason: `uploadArtifact is false: the evidence is in ${evidenceDir}` };
  try {
    const wished = inputs.artifactName ?? defaultArtifactName(environment);
    const { folder, name, paths } = await stageFiles(files, temporaryFolder(environment), wished);
    if (takesArtifacts(environment)) {
      agent.uploadArtifact(name, folder);
      return { state: 'published', name };
    }
    for (const path of paths) agent.uploadFile(path);
    return { state: 'attached' };
  } catch (error) {
    const failure = asCavraError(error);
    return {
      state: 'failed',
      failure:
        failure instanceof RuntimeFailure
          ? failure
          : new RuntimeFailure('CAVRA-E506', `the evidence cannot be uploaded: ${failure.message}`, { cause: error }),
    };
  }
}

/**
 * The agent takes only what lies below its work folder.
 *
 * @throws RuntimeFailure CAVRA-E506
 */
export function temporaryFolder(environment: Environment): string {
  const folder = environment['AGENT_TEMPDIRECTORY'] || environment['AGENT_WORKFOLDER'];
  if (folder) return folder;
  throw new RuntimeFailure('CAVRA-E506', 'neither AGENT_TEMPDIRECTORY nor AGENT_WORKFOLDER is set');
}
