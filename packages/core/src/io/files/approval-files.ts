import { resolve } from 'node:path';
import type { OfferedApproval } from '../../domain/approvals/judging/facts.ts';
import { APPROVAL_SUFFIX } from '../../domain/approvals/statement.ts';
import { ConfigurationError } from '../../domain/diagnosis.ts';
import { MAX_APPROVAL_BYTES, MAX_APPROVAL_FILES, MAX_SSH_SIGNATURE_BYTES } from '../../domain/limits.ts';
import { oneLine } from '../../domain/text/printable.ts';
import { expandName, withoutDuplicates } from './expand-names.ts';
import { readNamedFile, readNamedFileIfThere } from './read-regular-file.ts';

/**
 * Reads the approvals that a run is given, each with the signature beside it. A glob may match nothing: nobody has approved yet.
 *
 * @param names files and globs, as given; of a glob's matches those count whose names end as approvals do
 * @param workspace absolute; what relative names start from
 * @throws ConfigurationError CAVRA-E252 too many files; CAVRA-E253 one cannot be read, or its name is that of no approval
 */
export async function readApprovalFiles(
  names: readonly string[],
  workspace: string,
): Promise<readonly OfferedApproval[]> {
  const expanded: string[] = [];
  for (const name of names) expanded.push(...(await expand(name, workspace)));
  const paths = withoutDuplicates(expanded, workspace);
  if (paths.length > MAX_APPROVAL_FILES) {
    const message = `${paths.length} approvals were given, at most ${MAX_APPROVAL_FILES} are read in one run`;
    throw new ConfigurationError('CAVRA-E252', message);
  }
  return Promise.all(paths.map((path) => readOne(path, workspace)));
}

async function expand(name: string, workspace: string): Promise<readonly string[]> {
  const matches = await expandName(name, workspace);
  const approvals = matches.filter((match) => match.endsWith(APPROVAL_SUFFIX));
  if (approvals.length === 0 && matches.includes(name)) {
    throw new ConfigurationError(
      'CAVRA-E253',
      `${oneLine(name)} is no approval: its name must end in ${APPROVAL_SUFFIX}`,
    );
  }
  return approvals;
}

async function readOne(path: string, workspace: string): Promise<OfferedApproval> {
  const file = resolve(workspace, path);
  const code = 'CAVRA-E253';
  const [statement, signature] = await Promise.all([
    readNamedFile(file, { what: `the approval ${oneLine(path)}`, maxBytes: MAX_APPROVAL_BYTES, code }),
    readNamedFileIfThere(`${file}.sig`, {
      what: `the signature ${oneLine(path)}.sig`,
      maxBytes: MAX_SSH_SIGNATURE_BYTES,
      code,
    }),
  ]);
  return { name: path, statement, signature: signature ?? null };
}
