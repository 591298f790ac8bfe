import { resolve } from 'node:path';
import { MAX_ALLOWED_SIGNERS_BYTES } from '../domain/limits.ts';
import { fileReference } from '../domain/pull-request/pin.ts';
import { oneLine } from '../domain/text/printable.ts';
import { type AllowedSignersFiles, allowedSignersReferences } from '../domain/trust/approvals/parse-approvers.ts';
import { readTrustFile } from '../io/trust/trust-file.ts';

/**
 * Reads the files of allowed signers that a policy's document names.
 *
 * @param folder absolute; what their paths start from
 * @throws ConfigurationError CAVRA-E216 a file cannot be read; CAVRA-E218 it is not the pinned one
 */
export async function readAllowedSignersFiles(document: unknown, folder: string): Promise<AllowedSignersFiles> {
  const files = new Map<string, Uint8Array>();
  for (const reference of allowedSignersReferences(document)) {
    const what = `the file of allowed signers ${oneLine(fileReference(reference).path)}, from the folder of the trust policy,`;
    const { bytes } = await readTrustFile(resolve(folder, reference), { what, maxBytes: MAX_ALLOWED_SIGNERS_BYTES });
    files.set(reference, bytes);
  }
  return files;
}
