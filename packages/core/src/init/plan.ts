import { createHash } from 'node:crypto';
import { newRequest } from '../request/requests.ts';
import { azurePipeline, azureSteps } from './azure.ts';
import { githubPipeline, githubSteps } from './github.ts';
import { gitlabPipeline, gitlabSteps } from './gitlab.ts';
import type { InitPlan, InitStep, PinnedPolicy, PlannedFile } from './planned.ts';
import { trustPolicyText } from './policy-text.ts';
import { checkQuestion, type InitPlatform, type InitQuestion } from './question.ts';

interface Platform {
  readonly policyPath: string;
  pipeline(question: InitQuestion, policy: PinnedPolicy | undefined): readonly PlannedFile[];
  steps(question: InitQuestion): readonly InitStep[];
}

const PLATFORMS: Readonly<Record<InitPlatform, Platform>> = {
  github: { policyPath: '.github/release-trust-policy.yaml', pipeline: githubPipeline, steps: githubSteps },
  gitlab: { policyPath: '.gitlab/release-trust-policy.yaml', pipeline: gitlabPipeline, steps: gitlabSteps },
  azure: { policyPath: 'release/trust-policy.yaml', pipeline: azurePipeline, steps: azureSteps },
};

/**
 * Plans the files of a first gate, and what is left for a person to do (docs/command-line.md#init).
 *
 * @throws ConfigurationError CAVRA-E217 an option does not fit
 */
export function planInit(question: InitQuestion): InitPlan {
  checkQuestion(question);
  const platform = PLATFORMS[question.platform];
  const policy = question.policy === undefined ? undefined : trustPolicyText(question, question.policy);
  const pinned = policy === undefined ? undefined : { path: platform.policyPath, sha256: sha256(policy) };
  return {
    files: [
      { path: question.request, text: requestText(question) },
      ...platform.pipeline(question, pinned),
      ...(policy === undefined ? [] : [{ path: platform.policyPath, text: policy }]),
    ],
    steps: [...platform.steps(question), ...approvalSteps(question)],
  };
}

/** No version: the tag that is built says it. */
function requestText({ target, approvalId }: InitQuestion): string {
  const texts: readonly (readonly [string, string])[] = [
    ['session_id', `release-${target}`],
    ['agent_id', 'release-pipeline'],
    ['actor', 'release-manager'],
    ['target', target],
    ['requested_operation', 'promote'],
    ['metadata_kind', 'rollout-promotion-execution'],
    ['release_channel', 'stable'],
    ['approval_state', approvalId === undefined ? 'pending' : 'approved'],
    ...(approvalId === undefined ? [] : ([['approval_id', approvalId]] as const)),
    ['approval_required_count', '1'],
  ];
  return newRequest(new Map(texts.map(([name, text]) => [name, [text]])));
}

function approvalSteps({ approvalId, request }: InitQuestion): InitStep[] {
  if (approvalId !== undefined) return [];
  const text = `When the release is approved, write approval_state "approved" and the approval_id into ${request}. Until then the gate answers require_approval and stops the job.`;
  return [{ text, commands: [] }];
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
