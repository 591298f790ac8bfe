import type { RunnerUse } from '../../domain/story/stream-shape.ts';
import { RUNNER_IDENTITY } from '../../domain/wire/layout.ts';
import type { RunnerIdentity } from '../../domain/wire/messages.ts';
import type { ReportInput, RunnerField, RunnerLine, RunnerPart } from '../model/model.ts';
import { code, count, counted, say } from '../model/prose.ts';
import type { GateResult } from '../model/run-result.ts';
import { PROOF_WORDS } from '../model/words.ts';

const LABELS: Readonly<Record<keyof RunnerIdentity, string>> = {
  provider: 'Platform',
  repository: 'Repository',
  workflow: 'Workflow',
  run_id: 'Run',
  run_attempt: 'Attempt',
  ref: 'Ref',
  sha: 'Commit',
  actor: 'Started by',
  job: 'Job',
  runner_name: 'Runner',
};

const NOBODY: Omit<RunnerPart, 'summary'> = { common: [], runners: [], omitted: 0 };

/** Who asked, and what of it is proven. */
export function runnerOf({ gate, story }: ReportInput): RunnerPart {
  if (gate !== undefined) return ofThisRun(gate);
  if (story === undefined || story.runners.length === 0) {
    return { summary: say`No record says who asked.`, ...NOBODY };
  }
  const proofs = new Set(story.runners.map(({ proof }) => PROOF_WORDS[proof] ?? 'another proof'));
  return {
    summary: say`As recorded. The recorder was shown ${[...proofs].join(', ')}; the proof itself is not in the evidence, so that nobody can use it again, and only the recorder’s signature says that it was good.`,
    ...withoutRepeating(
      story.runners.map((use) => recordedRunner(use, story.runners.length > 1 || story.otherRunners > 0)),
    ),
    omitted: story.otherRunners,
  };
}

function ofThisRun({ identity, authentication, trust }: GateResult): RunnerPart {
  if (identity === null) {
    return { summary: say`The run ended before the job was identified.`, ...NOBODY };
  }
  const proven = new Set<string>(authentication?.verified ?? []);
  const fields = fieldsOf(identity, (name) => (proven.has(name) ? 'proven' : 'stated'));
  const policy =
    trust === null
      ? say`Nothing in the trust policy lets it pass.`
      : say`The trust rule ${code(trust.rule)} lets it pass.`;
  const summary =
    authentication === null
      ? say`The job could not prove any of this: it is only its own word.`
      : say`What is proven was compared with ${authentication.method === 'oidc' ? 'the signed claims of the platform’s token' : 'claims signed with the runner’s key'}. ${policy}`;
  return { ...NOBODY, summary, runners: [{ scope: '', fields }] };
}

/** Jobs of one pipeline differ in little: what all of them share is said once. */
function withoutRepeating(runners: readonly RunnerLine[]): Pick<RunnerPart, 'common' | 'runners'> {
  const [first, ...others] = runners;
  if (first === undefined || others.length === 0) return { common: [], runners };
  const common = first.fields.filter((field) => others.every(({ fields }) => fields.some((each) => same(each, field))));
  const differing = ({ scope, fields }: RunnerLine) => ({
    scope,
    fields: fields.filter((field) => !common.some((each) => same(each, field))),
  });
  return { common, runners: runners.map(differing) };
}

function same(a: RunnerField, b: RunnerField): boolean {
  return a.label === b.label && a.value === b.value;
}

function recordedRunner(use: RunnerUse, several: boolean): RunnerLine {
  const refused = use.unauthenticated > 0 ? `, ${count(use.unauthenticated)} without a good proof` : '';
  return {
    scope:
      several || refused !== ''
        ? `${counted(use.records, 'record')}, first in record ${count(use.firstRecord)}${refused}`
        : '',
    fields: fieldsOf(use.identity, () => undefined),
  };
}

function fieldsOf(identity: RunnerIdentity, proofOf: (name: string) => RunnerField['proof']): readonly RunnerField[] {
  return RUNNER_IDENTITY.fields.flatMap(({ name }) => {
    const field = name as keyof RunnerIdentity;
    const value = identity[field] ?? '';
    if (value === '') return [];
    return [{ label: LABELS[field], value, code: !['provider', 'actor'].includes(name), proof: proofOf(name) }];
  });
}
