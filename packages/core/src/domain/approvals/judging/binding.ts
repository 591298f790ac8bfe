import type { ApprovalStatement, NamedDigest } from '../statement.ts';
import type { Binding } from '../terms.ts';
import type { ApprovalFacts } from './facts.ts';

/** What a signed approval must name where the policy does not say it. */
export function defaultBinding({ artifacts }: Pick<ApprovalFacts, 'artifacts'>): readonly Binding[] {
  return artifacts.length > 0 ? ['commit', 'request', 'artifacts'] : ['commit', 'request'];
}

/** Emergencies are of one run of one commit, whatever else the policy says. */
export const EMERGENCY_BINDING: readonly Binding[] = ['commit', 'request', 'run'];

/**
 * Why a statement is not of this release; undefined: it is. Whatever it says must be so, and what is bound must be said: an approval
 * that names another commit is of that one, also where no policy asks for the commit.
 */
export function bindingProblem(
  { request, commit, artifacts, predicate }: ApprovalStatement,
  facts: ApprovalFacts,
  bound: readonly Binding[],
): string | undefined {
  const { run } = facts;
  return (
    differs('provider', predicate.provider, run.provider) ??
    differs('repository', predicate.repository, run.repository) ??
    stated('issuer', predicate.issuer, run.issuer, false) ??
    stated('repository_id', predicate.repository_id, run.repositoryId, false) ??
    differs('request', request.sha256, facts.request.sha256) ??
    differs('target', predicate.target, facts.request.target) ??
    differs('release_version', predicate.release_version, facts.request.releaseVersion) ??
    differs('metadata_kind', predicate.metadata_kind, facts.request.metadataKind) ??
    stated('commit', commit, run.commit, bound.includes('commit')) ??
    stated('run_id', predicate.run_id, run.runId, bound.includes('run')) ??
    otherArtifacts(artifacts, facts.artifacts, bound.includes('artifacts'))
  );
}

function differs(what: string, said: string | null, found: string | null): string | undefined {
  return said === found ? undefined : `it is of the ${what} ${said ?? '(none)'}, this run of ${found ?? '(none)'}`;
}

function stated(what: string, said: string | null, found: string | null, isBound: boolean): string | undefined {
  if (said !== null && found !== null) return differs(what, said, found);
  if (said !== null) return `it names the ${what} ${said}, and nothing proves that of this run`;
  return isBound ? `it names no ${what}, which the policy binds` : undefined;
}

/** Files are compared by name, without folder, and digest: the folders of a laptop and of a runner differ. */
function otherArtifacts(
  said: readonly NamedDigest[],
  found: readonly NamedDigest[],
  isBound: boolean,
): string | undefined {
  if (said.length === 0) return isBound ? 'it names no artifacts, which the policy binds' : undefined;
  if (found.length === 0) return 'it names artifacts, and the gate is given none (subject-path)';
  const [approved, released] = [said, found].map((files) => new Set(files.map(identity)));
  const same = approved?.size === released?.size && [...(approved ?? [])].every((file) => released?.has(file));
  return same ? undefined : 'it is of other artifacts than those that the gate is given';
}

function identity({ name, sha256 }: NamedDigest): string {
  return `${sha256} ${name.slice(name.lastIndexOf('/') + 1)}`;
}
