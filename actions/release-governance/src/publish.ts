import { type PublishableFile, RuntimeFailure } from '@cavra/release-governance-core';
import type { Environment } from '../../shared/src/environment.ts';
import { contained } from '../../shared/src/process.ts';
import { folded } from '../../shared/src/workflow.ts';
import { secondArtifactName } from './artifact-name.ts';
import type { PublicationInputs } from './inputs.ts';
import { stageFiles } from './stage.ts';

/** What became of the evidence. None of it changes what the gate decided. */
export type Publication =
  | { readonly state: 'published'; readonly name: string; readonly id: string; readonly url: string }
  /** There is nothing, or the workflow or the platform does not want it. */
  | { readonly state: 'kept'; readonly reason: string }
  | { readonly state: 'failed'; readonly name: string; readonly failure: RuntimeFailure };

export interface PublicationRequest {
  readonly inputs: PublicationInputs;
  /** Exactly what may be published. */
  readonly files: readonly PublishableFile[];
  readonly headHash: string;
  /** As people know it, for messages. */
  readonly evidenceDir: string;
  readonly environment: Environment;
  /** The client has retries of its own, but can wait for minutes on a service that says nothing. */
  readonly timeoutSeconds: number;
}

/** Uploads the evidence as an artifact of the workflow's run. Never throws. */
export async function publishEvidence(request: PublicationRequest): Promise<Publication> {
  const { inputs, files, headHash, evidenceDir, environment } = request;
  if (files.length === 0) return { state: 'kept', reason: 'there is no evidence to publish' };
  if (!inputs.upload) return { state: 'kept', reason: `upload-artifact is false: the evidence is in ${evidenceDir}` };
  if (!hasArtifactService(environment)) {
    const reason = `GitHub Enterprise Server has no artifact service for this action: the evidence is in ${evidenceDir}, for a step that uploads it`;
    return { state: 'kept', reason };
  }
  return folded('Publish the evidence', async () => {
    const first = await upload(request, inputs.artifactName);
    return first.state === 'failed' && isConflict(first.failure) && !inputs.nameIsChosen
      ? upload(request, secondArtifactName(inputs.artifactName, headHash))
      : first;
  });
}

async function upload(request: PublicationRequest, name: string): Promise<Publication> {
  const { inputs, files, environment, timeoutSeconds } = request;
  try {
    const parent = environment['RUNNER_TEMP'];
    if (parent === undefined) throw new RuntimeFailure('CAVRA-E506', 'RUNNER_TEMP is not set');
    const staged = await stageFiles(files, parent);
    try {
      const { uploadArtifact } = await import('./artifact-client.ts');
      const uploading = contained(() => uploadArtifact(name, staged.paths, staged.folder, inputs.retentionDays));
      const { id } = await withinTime(uploading, timeoutSeconds);
      return { state: 'published', name, id: String(id), url: artifactUrl(environment, id) };
    } finally {
      await staged.remove();
    }
  } catch (error) {
    return { state: 'failed', name, failure: uploadFailure(name, error) };
  }
}

async function withinTime<T>(work: Promise<T>, seconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not finished after ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([work, expired]);
  } finally {
    clearTimeout(timer);
  }
}

function uploadFailure(name: string, error: unknown): RuntimeFailure {
  if (error instanceof RuntimeFailure) return error;
  return new RuntimeFailure('CAVRA-E506', `the artifact ${name} cannot be uploaded: ${describe(error)}`, {
    cause: error,
  });
}

/** The client's own words; the storage's errors have none but the status. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const status = 'statusCode' in error ? ` (status ${String(error.statusCode)})` : '';
  return `${error.message || error.name}${status}`;
}

/** The client gives the service's status only in its message. */
function isConflict({ message }: RuntimeFailure): boolean {
  return message.includes('(409)');
}

/** github.com and ghe.com have the artifact service that the client speaks to; GitHub Enterprise Server has not. */
function hasArtifactService(environment: Environment): boolean {
  const server = environment['GITHUB_SERVER_URL'] ?? 'https://github.com';
  const host = URL.canParse(server) ? new URL(server).hostname.toLowerCase() : '';
  return host === 'github.com' || host.endsWith('.ghe.com');
}

function artifactUrl(environment: Environment, id: number): string {
  const server = environment['GITHUB_SERVER_URL'] ?? 'https://github.com';
  return `${server}/${environment['GITHUB_REPOSITORY']}/actions/runs/${environment['GITHUB_RUN_ID']}/artifacts/${id}`;
}
