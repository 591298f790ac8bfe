import type { RunnerIdentity } from '../wire/messages.ts';
import type { CertificateIdentity } from './certificate-identity.ts';
import { isGithubIssuer, webAddressOf } from './web-address.ts';

/** Something that a certificate says otherwise than what it seals. */
export interface Disagreement {
  /** For example `commit`. */
  readonly what: string;
  /** Undefined: the certificate does not say. */
  readonly certificate: string | undefined;
  /** What would agree; several: any of them. */
  readonly sealed: readonly string[];
}

/**
 * Holds a certificate against the identity in the statement that it seals: the repository, commit, ref and run of the token that the
 * certificate authority checked. Only what the statement says is compared.
 */
export function identityDisagreements(
  certificate: CertificateIdentity,
  identity: RunnerIdentity,
): readonly Disagreement[] {
  const { repository, sha, ref, run_id: run, run_attempt: attempt } = identity;
  const web = webAddressOf(certificate.issuer);
  const isGithub = isGithubIssuer(certificate.issuer);
  const at = `${web}/${repository}`;
  const runUri = isGithub ? `${at}/actions/runs/${run}/attempts/${attempt}` : `${at}/-/jobs/${attempt}`;
  const refs = ref === undefined || isGithub ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`];
  return [
    ...compare('repository', certificate.repositoryUri, repository === undefined ? [] : [at]),
    ...compare('commit', certificate.commit, [sha]),
    ...compare('ref', certificate.ref, refs),
    ...compare('run', certificate.runUri, run === undefined || attempt === undefined ? [] : [runUri]),
  ];
}

/** The platform's own name of a claim, the member of a certificate that is made of it, and what it becomes there. */
type ClaimRow = readonly [
  claim: string,
  member: keyof CertificateIdentity,
  inCertificate: (value: string, web: string) => string,
];

const asItIs = (value: string) => value;
const belowWeb = (value: string, web: string) => `${web}/${value}`;

/** The mapping of Fulcio's configuration for GitHub and for GitLab (sigstore/fulcio, config/identity/config.yaml). */
const GITHUB_CLAIMS: readonly ClaimRow[] = [
  ['job_workflow_ref', 'subject', belowWeb],
  ['job_workflow_ref', 'buildSignerUri', belowWeb],
  ['repository', 'repositoryUri', belowWeb],
  ['repository_id', 'repositoryId', asItIs],
  ['repository_owner_id', 'ownerId', asItIs],
  ['repository_visibility', 'visibility', asItIs],
  ['sha', 'commit', asItIs],
  ['ref', 'ref', asItIs],
  ['event_name', 'trigger', asItIs],
  ['runner_environment', 'runnerEnvironment', asItIs],
  ['environment', 'environment', asItIs],
];
const GITLAB_CLAIMS: readonly ClaimRow[] = [
  ['ci_config_ref_uri', 'subject', (value) => `https://${value}`],
  ['ci_config_ref_uri', 'buildSignerUri', (value) => `https://${value}`],
  ['project_path', 'repositoryUri', belowWeb],
  ['project_id', 'repositoryId', asItIs],
  ['namespace_id', 'ownerId', asItIs],
  ['project_visibility', 'visibility', asItIs],
  ['sha', 'commit', asItIs],
  ['ref_path', 'ref', asItIs],
  ['pipeline_source', 'trigger', asItIs],
  ['runner_environment', 'runnerEnvironment', asItIs],
  ['environment', 'environment', asItIs],
];

/**
 * Holds a certificate against claims that the gate proved by a token of its own: both tokens are of one job, so they say the same.
 *
 * @param issuer of the gate's own token
 * @param claims public claims by the platform's own names; those that are absent are not compared
 */
export function claimDisagreements(
  certificate: CertificateIdentity,
  issuer: string,
  claims: Readonly<Record<string, string>>,
): readonly Disagreement[] {
  const web = webAddressOf(certificate.issuer);
  const rows = isGithubIssuer(certificate.issuer) ? GITHUB_CLAIMS : GITLAB_CLAIMS;
  return [
    ...compare('issuer', certificate.issuer, [issuer]),
    ...rows.flatMap(([claim, member, inCertificate]) => {
      const value = claims[claim];
      return compare(claim, certificate[member], value === undefined ? [] : [inCertificate(value, web)]);
    }),
  ];
}

function compare(
  what: string,
  certificate: string | undefined,
  sealed: readonly (string | undefined)[],
): readonly Disagreement[] {
  const expected = sealed.filter((value): value is string => Boolean(value));
  const agrees = expected.length === 0 || (certificate !== undefined && expected.includes(certificate));
  return agrees ? [] : [{ what, certificate, sealed: expected }];
}

/** Both values, for a message. */
export function describeDisagreement({ what, certificate, sealed }: Disagreement): string {
  return `${what}: the certificate says ${certificate ?? 'nothing'}, expected ${sealed.join(' or ')}`;
}
