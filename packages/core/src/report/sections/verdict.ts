import { DIAGNOSES } from '../../domain/diagnosis.ts';
import type { StreamStory } from '../../domain/story/stream-shape.ts';
import { isExpectation } from '../../domain/verification/findings.ts';
import { describeFinding, type VerificationReport } from '../../domain/verification/report.ts';
import type { ReportInput, Verdict } from '../model/model.ts';
import { capitalized, code, counted, fromDiagnosis, type Prose, say } from '../model/prose.ts';
import type { GateResult } from '../model/run-result.ts';

/** The answer that a reader came for. */
export function verdictOf({ gate, verification, story }: ReportInput): Verdict {
  if (gate !== undefined) return gateVerdict(gate);
  if (verification !== undefined) return verificationVerdict(verification, story);
  return { tone: 'bad', headline: 'There is nothing to report', summary: [], action: undefined };
}

function gateVerdict({ verdict, diagnosis, decisions }: GateResult): Verdict {
  if (diagnosis !== null) {
    const { code: name, message, action } = diagnosis;
    return {
      tone: 'bad',
      headline: 'The gate failed',
      summary: say`${capitalized(DIAGNOSES[name].title)} (${code(name)}): ${fromDiagnosis(message)}.`,
      action: say`${fromDiagnosis(capitalized(action))}.`,
    };
  }
  if (verdict === 'fail') return { tone: 'bad', headline: 'The gate failed', summary: [], action: undefined };
  const [first] = decisions;
  if (decisions.some(({ decision }) => decision !== 'allow')) {
    return {
      tone: 'warn',
      headline: 'The gate passed, and the release may not',
      summary: say`The job expected the gate to answer ${code(first?.expected ?? 'block')}, and it did. That is no permission to release.`,
      action: undefined,
    };
  }
  return {
    tone: 'good',
    headline: 'The gate passed',
    summary: allowed(decisions.length, first?.rule_id ?? ''),
    action: undefined,
  };
}

function allowed(decisions: number, ruleId: string): Prose {
  return decisions === 1
    ? say`The release may go ahead: it was allowed by the rule ${code(ruleId)}.`
    : say`The release may go ahead: ${counted(decisions, 'request')} were asked, and each was allowed.`;
}

function verificationVerdict(report: VerificationReport, story: StreamStory | undefined): Verdict {
  const errors = report.findings.filter(({ severity }) => severity === 'error');
  const ofEvidence = errors.filter(({ code: name }) => !isExpectation(name));
  if (ofEvidence.length > 0) {
    return {
      tone: 'bad',
      headline: 'The evidence is not valid',
      summary: firstOf(ofEvidence, report),
      action: say`Do not rely on it. Get the evidence again from where the run published it; if it is still not valid, it was changed after it was written, or it was written with other keys than those given.`,
    };
  }
  if (!report.valid) {
    return {
      tone: 'bad',
      headline: 'The evidence is valid, but not what was expected',
      summary: firstOf(errors, report),
      action: say`Check that this is the evidence of the right run, and that what was expected is right.`,
    };
  }
  if (report.signatures !== 'checked' && report.checkpoint !== 'valid') {
    return {
      tone: 'warn',
      headline: 'The chain is intact, but its author is not proven',
      summary: say`${capitalized(counted(report.records, 'record'))} ${report.records === 1 ? 'holds' : 'hold'} together. No signature was checked, so anybody could have written them.`,
      action: say`Verify again with the keyring of the evidence keys, or with the public key of a checkpoint.`,
    };
  }
  return validVerdict(report, story);
}

/** Valid evidence can still be evidence of a refusal. */
function validVerdict(report: VerificationReport, story: StreamStory | undefined): Verdict {
  const { records, expectations } = report;
  const unchanged = say`${capitalized(counted(records, 'record'))}, unchanged since ${records === 1 ? 'it was' : 'they were'} signed.`;
  const refusal = refusalOf(report, story);
  if (refusal !== undefined) {
    return {
      tone: 'warn',
      headline: 'The evidence is valid, and records a refusal',
      summary: say`${unchanged} ${refusal}: this is no permission to release.`,
      action: undefined,
    };
  }
  return {
    tone: 'good',
    headline: expectations === undefined ? 'The evidence is valid' : 'The evidence is valid and as expected',
    summary: say`${unchanged} ${records === 1 ? 'Its decision is' : 'Every decision is'} ${code('allow')}.`,
    action: undefined,
  };
}

function refusalOf(
  { checkpoint_details: details }: VerificationReport,
  story: StreamStory | undefined,
): Prose | undefined {
  const { block = 0, require_approval: waiting = 0 } = story?.decisions ?? {};
  if (block > 0) return say`${capitalized(counted(block, 'record'))} ${block === 1 ? 'is' : 'are'} a block`;
  if (waiting > 0) {
    return say`${capitalized(counted(waiting, 'record'))} ${waiting === 1 ? 'requires' : 'require'} an approval`;
  }
  // A gate can refuse for more than a decision, and its checkpoint says so.
  return details?.result === 'FAILED' ? say`Its checkpoint says ${code('FAILED')}` : undefined;
}

function firstOf(errors: VerificationReport['findings'], report: VerificationReport): Prose {
  const [first] = errors;
  if (first === undefined) return [];
  const more = errors.length - 1 + report.findings_omitted;
  return say`${capitalized(describeFinding(first))}${more > 0 ? `, and ${counted(more, 'further finding')}` : ''}.`;
}
