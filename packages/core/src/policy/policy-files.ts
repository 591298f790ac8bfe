import { resolve } from 'node:path';
import { readConfigurationFile } from '../io/files/configuration-file.ts';
import { readRequestBytes } from '../request/request-files.ts';
import type { PolicyExplainReport, PolicyLintReport } from './lint-and-explain.ts';

/**
 * Checks a trust policy file and names its dangerous habits.
 *
 * @param path relative to `workingDirectory`
 * @throws ConfigurationError CAVRA-E216 the file cannot be read
 */
export async function lintPolicyFile(path: string, workingDirectory: string): Promise<PolicyLintReport> {
  const [{ lintTrustPolicy }, { readTrustPolicyFile }] = await Promise.all([
    import('./lint-and-explain.ts'),
    import('./trust-policy-file.ts'),
  ]);
  return { ...(await lintTrustPolicy(resolve(workingDirectory, path), readTrustPolicyFile)), path };
}

export interface ExplainPolicyOptions {
  /** Absent: explain what passes without a policy. */
  readonly policy?: string | undefined;
  readonly policySha256?: string | undefined;
  /** A file with the claims of a token, or a runner-auth-claims.json. */
  readonly claims: string;
  readonly keyId?: string | undefined;
  /** A request file. */
  readonly request?: string | undefined;
  /** Absolute; what relative paths start from. */
  readonly workingDirectory: string;
}

/**
 * Tells which rule would let a runner pass, or where each one stops.
 *
 * @throws ConfigurationError CAVRA-E201 claims, E203 to E205 request, E210, E216 and E218 policy
 */
export async function explainPolicyFile(options: ExplainPolicyOptions): Promise<PolicyExplainReport> {
  const { policy, policySha256, claims, keyId, request, workingDirectory } = options;
  const [{ explainTrustPolicy }, { readTrustPolicyFile }] = await Promise.all([
    import('./lint-and-explain.ts'),
    import('./trust-policy-file.ts'),
  ]);
  return explainTrustPolicy(
    {
      policyPath: policy === undefined ? undefined : resolve(workingDirectory, policy),
      policySha256,
      claims: await readConfigurationFile(resolve(workingDirectory, claims), `the claims ${claims}`),
      keyId,
      request: request === undefined ? undefined : await readRequestBytes(request, workingDirectory),
    },
    readTrustPolicyFile,
  );
}
