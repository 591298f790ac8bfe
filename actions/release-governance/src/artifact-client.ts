import { DefaultArtifactClient } from '@actions/artifact';

/** An artifact that was uploaded whole. */
export interface UploadedArtifact {
  readonly id: number;
}

/**
 * Uploads files as one artifact. This module brings the artifact client, the greatest part of the action; it is imported only after
 * the gate has decided.
 *
 * @param folder the files' own, which their names in the artifact are relative to
 * @param retentionDays undefined: the repository's own
 * @throws Error whatever the client says
 */
export async function uploadArtifact(
  name: string,
  paths: readonly string[],
  folder: string,
  retentionDays: number | undefined,
): Promise<UploadedArtifact> {
  const client = new DefaultArtifactClient();
  const options = retentionDays === undefined ? {} : { retentionDays };
  const { id } = await client.uploadArtifact(name, [...paths], folder, options);
  if (id === undefined) throw new Error('the artifact service gave no id');
  return { id };
}
