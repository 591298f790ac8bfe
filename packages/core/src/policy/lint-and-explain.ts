import { ConfigurationError } from '../domain/diagnosis.ts';
import { IDENTITY_FIELDS } from '../domain/identity/sources.ts';
import { JsonError } from '../domain/json/error.ts';
import { parseStrictJson } from '../domain/json/parse.ts';
import { plainObject } from '../domain/json/plain.ts';
import { JsonObject } from '../domain/json/value.ts';
import { MAX_CONFIGURATION_FILE_BYTES } from '../domain/limits.ts';
import { parseRequest } from '../domain/request/parse.ts';
import { explainPolicy, type OwnJob } from '../domain/trust/evaluator.ts';
import type { RuleExamination } from '../domain/trust/examine.ts';
import type { LintFinding } from '../domain/trust/lint/finding.ts';
import { lintPolicy } from '../domain/trust/lint/lint.ts';
import { type DocumentPath, type Locate, type PolicyProblem, TrustPolicyError } from '../domain/trust/problems.ts';
import { runnerFromClaims, runnerFromIdentity } from '../domain/trust/sample-runner.ts';
import type { AuthenticatedRunner, TrustDecision } from '../domain/trust/trust-decision.ts';
import type { TrustPolicy } from '../domain/trust/trust-policy.ts';
import type { EvaluateRequest } from '../domain/wire/messages.ts';

/** A trust policy as read from its file. */
export interface LoadedTrustPolicy {
  readonly policy: TrustPolicy;
  /** SHA-256 of the file's bytes, lower-case hex. */
  readonly sha256: string;
  /** Where in the file a path of the policy stands; unknown in JSON. */
  readonly locate: Locate;
}

export interface TrustPolicyOptions {
  /** The SHA-256 that the file must have, 64 hex digits. */
  readonly sha256?: string | undefined;
}

/**
 * Reads a trust policy, YAML or JSON.
 *
 * @throws ConfigurationError CAVRA-E216 the file cannot be read; CAVRA-E218 it is not the pinned one
 * @throws TrustPolicyError CAVRA-E210 it is no valid policy
 */
export type ReadTrustPolicy = (path: string, options?: TrustPolicyOptions) => Promise<LoadedTrustPolicy>;

interface Place {
  /** From 1; absent in JSON files. */
  readonly line?: number;
  /** From 1, in UTF-16 units. */
  readonly column?: number;
}

/** What `policy lint` prints. */
export interface PolicyLintReport {
  readonly path: string;
  /** Whether the gate would take the policy. */
  readonly valid: boolean;
  /** What to pin; null when the policy is not valid. */
  readonly sha256: string | null;
  readonly rules: number;
  /** Why the policy is not valid. */
  readonly problems: readonly (Place & { readonly path: string; readonly message: string })[];
  /** Dangerous habits of a valid policy. */
  readonly findings: readonly (Place & Omit<LintFinding, 'at'>)[];
}

/**
 * Checks a policy file, and names each dangerous habit of a valid one.
 *
 * @throws ConfigurationError CAVRA-E216 the file cannot be read; a policy that is not valid is a report and not an error
 */
export async function lintTrustPolicy(path: string, read: ReadTrustPolicy): Promise<PolicyLintReport> {
  try {
    const { policy, sha256, locate } = await read(path);
    const findings = lintPolicy(policy).map(({ at, ...finding }) => ({ ...finding, ...placeOf(at, locate) }));
    return { path, valid: true, sha256, rules: policy.rules.length, problems: [], findings };
  } catch (error) {
    if (error instanceof TrustPolicyError) {
      return { path, valid: false, sha256: null, rules: 0, problems: error.problems.map(describe), findings: [] };
    }
    throw error;
  }
}

function placeOf(at: DocumentPath, locate: Locate): Place {
  return locate(at) ?? {};
}

function describe({ path, message, position }: PolicyProblem): PolicyLintReport['problems'][number] {
  return { path, message, ...position };
}

export interface PolicyExplainInput {
  /** Undefined: explain what passes without a policy. */
  readonly policyPath: string | undefined;
  readonly policySha256?: string | undefined;
  /**
   * JSON: the claims of an OIDC token as a plain object, or a runner identity (`runner-auth-claims.json`), which is explained as
   * proven by an HMAC. Never a token.
   */
  readonly claims: Uint8Array;
  /** Key id of the HMAC that would prove the identity. */
  readonly keyId?: string | undefined;
  /** A request file; an empty request unless given. */
  readonly request?: Uint8Array | undefined;
  /** Without a policy: the only repository that may pass. */
  readonly own?: OwnJob | undefined;
}

/** What `policy explain` prints. */
export interface PolicyExplainReport {
  readonly decision: TrustDecision;
  readonly policy: { readonly path: string; readonly sha256: string } | null;
  readonly method: AuthenticatedRunner['method'];
  readonly provider: string;
  readonly repository: string;
  /** Every rule in the order of the policy, with every condition. */
  readonly rules: readonly RuleExamination[];
  readonly notes: readonly string[];
}

/**
 * Tells which rule would let a runner pass, or where each one stops.
 *
 * @throws ConfigurationError CAVRA-E201 the claims are not usable; CAVRA-E204, CAVRA-E205 the request; CAVRA-E210, CAVRA-E216 and
 *   CAVRA-E218 the policy
 */
export async function explainTrustPolicy(
  input: PolicyExplainInput,
  read: ReadTrustPolicy,
): Promise<PolicyExplainReport> {
  const runner = readRunner(input.claims, input.keyId ?? '');
  const request: EvaluateRequest = input.request === undefined ? {} : parseRequest(input.request);
  const { policyPath: path, policySha256 } = input;
  const loaded = path === undefined ? undefined : await read(path, { sha256: policySha256 });
  const { decision, rules } = explainPolicy(loaded?.policy, runner, request, input.own);
  return {
    decision,
    policy: path === undefined || loaded === undefined ? null : { path, sha256: loaded.sha256 },
    method: runner.method,
    provider: runner.identity.provider ?? '',
    repository: runner.identity.repository ?? '',
    rules,
    notes: notesOn(input),
  };
}

function notesOn({ policyPath, request }: PolicyExplainInput): readonly string[] {
  return [
    'the claims are taken as given: the gate believes only those of a token that it has verified',
    ...(policyPath === undefined ? ['no policy was given: this is what passes by default'] : []),
    ...(request === undefined ? ['no request was given: rules that are scoped to requests cannot match'] : []),
  ];
}

function readRunner(bytes: Uint8Array, keyId: string): AuthenticatedRunner {
  const claims = plainObject(readObject(bytes));
  if (typeof claims['provider'] === 'string' && claims['iss'] === undefined) {
    const fields = IDENTITY_FIELDS.flatMap((field) => {
      const value = claims[field];
      return typeof value === 'string' ? [[field, value] as const] : [];
    });
    return runnerFromIdentity(Object.fromEntries(fields), keyId);
  }
  const runner = runnerFromClaims(claims);
  if (runner === undefined) {
    throw new ConfigurationError(
      'CAVRA-E201',
      'the claims name no repository; expected the claims of a token (repository, project_path, rpo_uri or rpo_id) or a runner identity',
    );
  }
  return runner;
}

function readObject(bytes: Uint8Array): JsonObject {
  try {
    const value = parseStrictJson(bytes, { maxBytes: MAX_CONFIGURATION_FILE_BYTES });
    if (value instanceof JsonObject) {
      return value;
    }
  } catch (error) {
    if (error instanceof JsonError) {
      throw new ConfigurationError('CAVRA-E201', `the claims are not JSON: ${error.message}`, { cause: error });
    }
    throw error;
  }
  throw new ConfigurationError('CAVRA-E201', 'the claims are no JSON object; give the decoded claims, never a token');
}
