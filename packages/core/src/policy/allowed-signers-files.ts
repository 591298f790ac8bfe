import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { ConfigurationError } from '../domain/diagnosis.ts';
import { MAX_ALLOWED_SIGNERS_BYTES } from '../domain/limits.ts';
import { oneLine } from '../domain/text/printable.ts';
import {
  type AllowedSignersFiles,
  allowedSignersReferences,
  PINNED_FILE_FORM,
} from '../domain/trust/approvals/parse-approvers.ts';
import { readNamedFile } from '../io/files/read-regular-file.ts';

/**
 * Reads the files of allowed signers that a policy's document names.
 *
 * @param folder absolute; what their paths start from
 * @throws ConfigurationError CAVRA-E216 a file cannot be read; CAVRA-E218 it is not the pinned one
 */
export async function readAllowedSignersFiles(document: unknown, folder: string): Promise<AllowedSignersFiles> {
  const files = new Map<string, Uint8Array>();
  for (const reference of allowedSignersReferences(document)) {
    const [, path = '', expected = ''] = PINNED_FILE_FORM.exec(reference) ?? [];
    const what = `the allowed signers ${oneLine(path)}, which the trust policy names from its own folder,`;
    const bytes = await readNamedFile(resolve(folder, path), { what, maxBytes: MAX_ALLOWED_SIGNERS_BYTES });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if (sha256 !== expected) {
      const message = `the allowed signers ${oneLine(path)} have the SHA-256 ${sha256}, but the trust policy pins ${expected}`;
      throw new ConfigurationError('CAVRA-E218', message);
    }
    files.set(reference, bytes);
  }
  return files;
}
