import { RequestJudge } from '../domain/approvals/judging/request-judge.ts';
import { ConfigurationError } from '../domain/diagnosis.ts';
import { detectedPlatforms } from '../domain/identity/detect.ts';
import type { TrustPolicy } from '../domain/trust/trust-policy.ts';
import { hashSubjectFiles } from '../io/files/subject-files.ts';
import type { CreateGateOptions } from './run/gate-options.ts';
import type { RuntimeChoice } from './runtime/runtime-choice.ts';

/**
 * Gets ready to judge the approvals that the trust policy asks for.
 *
 * @returns undefined: it asks for none
 * @throws ConfigurationError CAVRA-E250 the compatible rules have no place for them; CAVRA-E251 nothing pins the policy; CAVRA-E254 who
 *   answers cannot record them; CAVRA-E216 an artifact; CAVRA-E252, CAVRA-E253 the approvals
 */
export async function loadApprovals(
  options: CreateGateOptions,
  policy: TrustPolicy | undefined,
  runtime: RuntimeChoice,
): Promise<RequestJudge | undefined> {
  const { settings, workspace, now } = options;
  const asking = policy?.rules.find(({ approvals }) => approvals !== undefined);
  refuseIdleFiles(options, runtime);
  if (policy === undefined || asking === undefined) return undefined;
  const { refuseApprovals } = await import('../policy/refuse-approvals.ts');
  if (runtime.kind !== 'embedded') refuseApprovals(policy, RUNTIMES[runtime.kind]);
  if (settings.rules === 'compatible') {
    const message = `the rule ${asking.name} of the trust policy asks for approvals, which rules: compatible does not know`;
    throw new ConfigurationError('CAVRA-E250', message);
  }
  requirePin(options, asking.name);
  const { readApprovalFiles } = await import('../io/files/approval-files.ts');
  const [offered, artifacts] = await Promise.all([
    readApprovalFiles(settings.approvals, workspace),
    hashSubjectFiles(settings.subjectPaths, workspace),
  ]);
  return new RequestJudge({ offered, artifacts, now });
}

const RUNTIMES: Readonly<Record<Exclude<RuntimeChoice['kind'], 'embedded'>, string>> = {
  daemon: 'a resident daemon',
  'plain-daemon': 'a daemon of the Go runtime',
  external: 'an external runtime',
};

/** Approvals that nobody would look at are a mistake: somebody believes that they count. */
function refuseIdleFiles({ settings }: CreateGateOptions, { kind }: RuntimeChoice): void {
  if (settings.approvals.length === 0 || kind === 'embedded') return;
  throw new ConfigurationError('CAVRA-E254', `approval is set, but ${RUNTIMES[kind]} does not take approvals`);
}

/** A job that can choose the list of approvers can approve itself. */
function requirePin({ settings, environment }: CreateGateOptions, rule: string): void {
  const isPinned = settings.trustPolicySha256 !== undefined || settings.pinned.has('trust-policy');
  const [platform] = detectedPlatforms(environment);
  if (isPinned || platform === undefined) return;
  const message = `the rule ${rule} of the trust policy asks for approvals, but nothing pins the policy on ${platform}`;
  throw new ConfigurationError('CAVRA-E251', message);
}
