import { isAbsolute, relative, resolve, sep } from 'node:path';
import {
  type CavraError,
  type DecisionJson,
  DIAGNOSES,
  type GateResult,
  printable,
} from '@cavra/release-governance-core';
import type { Annotation } from '../../shared/src/workflow.ts';

const TITLE = 'CAVRA release gate';

/**
 * What the run's page shows: why the gate failed, in the request file that stopped it, and a warning where a decision other than
 * `allow` was expected and so passes.
 *
 * @param workspace absolute; GitHub finds files from there
 */
export function gateAnnotations(result: GateResult, workspace: string): Annotation[] {
  const unmet = result.decisions.filter(({ met }) => !met);
  const accepted = result.decisions.filter(({ met, decision }) => met && decision !== 'allow');
  return [
    ...failureAnnotations(result, unmet, workspace),
    ...accepted.map((decision) =>
      about(
        decision,
        workspace,
        'warning',
        `${decision.decision}, which was expected, by ${decision.rule_id}: ${decision.reason}`,
      ),
    ),
  ];
}

/** The failure itself first, in the first file that it is about; then what else was not met. */
function failureAnnotations(
  { diagnosis }: GateResult,
  unmet: readonly DecisionJson[],
  workspace: string,
): Annotation[] {
  if (diagnosis === null) return [];
  const { code, message, action } = diagnosis;
  const [first, ...others] = unmet;
  // A refused proof is the reason of its own decision: it is said once.
  const decided =
    first === undefined || first.reason.includes(message)
      ? ''
      : `. ${first.decision} by ${first.rule_id}: ${first.reason}`;
  const failure: Annotation = {
    level: 'error',
    title: `${TITLE}: ${DIAGNOSES[code].title}`,
    message: `${code}: ${message}${decided}. What to do: ${action}`,
    ...fileOf(first, workspace),
  };
  return [
    failure,
    ...others.map((decision) =>
      about(
        decision,
        workspace,
        'error',
        `${decision.decision} by ${decision.rule_id}, expected was ${decision.expected}: ${decision.reason}`,
      ),
    ),
  ];
}

/** The evidence could not be uploaded. */
export function uploadAnnotation(failure: CavraError, level: Annotation['level']): Annotation {
  const { title, action } = DIAGNOSES[failure.code];
  return { level, title: `${TITLE}: ${title}`, message: `${failure.code}: ${failure.message}. What to do: ${action}` };
}

function about(decision: DecisionJson, workspace: string, level: Annotation['level'], message: string): Annotation {
  return { level, title: `${TITLE}: ${decision.request}`, message, ...fileOf(decision, workspace) };
}

/** Where GitHub finds the request; nothing for an inline request and for files outside of the workspace. */
function fileOf(decision: DecisionJson | undefined, workspace: string): { readonly file?: string } {
  if (decision === undefined || decision.request === INLINE) return {};
  const path = relative(workspace, resolve(workspace, decision.request));
  const outside = path === '' || isAbsolute(path) || path === '..' || path.startsWith(`..${sep}`);
  return outside || printable(path) !== path ? {} : { file: path.split(sep).join('/') };
}

const INLINE = '<inline>';
