import type { VerifierIdentity } from '../domain/verification/report.ts';
import { programSha256, type RunningProgram } from '../io/system/program.ts';

/** This program, as reports name it. */
export function verifierIdentity(version: string): VerifierIdentity {
  return { name: 'cavra-release-governance', version };
}

/** This program, with the digest of its entry file where that is known. */
export async function programIdentity(options: {
  readonly version: string;
  readonly program?: RunningProgram;
}): Promise<VerifierIdentity> {
  const sha256 = await programSha256(options.program);
  return { ...verifierIdentity(options.version), ...(sha256 === undefined ? {} : { sha256 }) };
}
