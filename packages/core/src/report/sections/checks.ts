import type { VerificationReport } from '../../domain/verification/report.ts';
import type { Check, ReportInput } from '../model/model.ts';
import { code, counted, listed, type Prose, say, utc } from '../model/prose.ts';
import type { GateResult } from '../model/run-result.ts';
import { CHECKPOINT_WORDS, DECISION_TONE, PROOF_WORDS, SIGNATURE_WORDS, TAIL_WORDS } from '../model/words.ts';

/** The verdict in its parts: who asked, what was decided, and what holds of the evidence. */
export function checksOf(input: ReportInput): readonly Check[] {
  const { gate, verification } = input;
  return [
    gate === undefined ? recordedIdentity(input) : identity(gate),
    gate === undefined ? recordedDecision(input) : decision(gate),
    ...(verification === undefined
      ? [{ tone: 'bad', label: 'Evidence', text: say`none was verified: the run ended before` } as const]
      : [chain(verification), signatures(verification), tailCheck(verification)]),
  ];
}

/** Checkpoint and end of the stream, each in a sentence. */
export function sealOf({ verification }: ReportInput): readonly Check[] {
  if (verification === undefined) return [];
  const { checkpoint } = verification;
  const tone = { absent: 'neutral', valid: 'good', invalid: 'bad', unchecked: 'warn' } as const;
  return [
    { tone: tone[checkpoint], label: 'Checkpoint', text: say`${CHECKPOINT_WORDS[checkpoint]}` },
    ...statement(verification),
    tailCheck(verification),
  ];
}

/** What the checkpoint says, when it can be believed to speak of this stream. */
function statement({ checkpoint, checkpoint_details: details }: VerificationReport): readonly Check[] {
  if (details === undefined) return [];
  const { result, key_id: keyId, time, subjects } = details;
  const signed = keyId === '' ? '' : say`, signed with ${code(keyId)}`;
  const passed = result === 'PASSED' ? 'the release passed the gate' : 'the release did not pass the gate';
  return [
    {
      tone: result === 'FAILED' ? 'bad' : checkpoint === 'valid' ? 'good' : 'neutral',
      label: 'It says',
      text: say`${code(result)} at ${utc(time)}: ${passed}${signed}. It is about ${listed(subjects)}.`,
    },
  ];
}

function identity({ authentication, trust, identity: claimed }: GateResult): Check {
  const label = 'Identity';
  if (authentication === null) {
    const text =
      claimed === null
        ? 'unknown: the run ended before the job was identified'
        : 'not proven: what is said of the job is only its own word';
    return { tone: 'bad', label, text: say`${text}` };
  }
  const { method, key_id: keyId, unverified } = authentication;
  const proof = method === 'oidc' ? 'the platform’s OIDC token' : 'the runner’s HMAC key';
  const by: Prose = keyId === '' ? [] : say` (key ${code(keyId)})`;
  if (trust === null) {
    return { tone: 'bad', label, text: say`proven by ${proof}${by}, but not trusted by the policy` };
  }
  return {
    tone: 'good',
    label,
    text: say`proven by ${proof}${by}${unverified.length === 0 ? '' : say`; ${listed(unverified)} ${unverified.length === 1 ? 'is' : 'are'} only the job’s own word`}`,
  };
}

function decision({ decisions }: GateResult): Check {
  const label = 'Decision';
  const [first] = [...decisions].sort((a, b) => rank(a.decision) - rank(b.decision));
  if (first === undefined) return { tone: 'bad', label, text: say`none was made` };
  const unmet = decisions.find(({ met }) => !met);
  const shown = unmet ?? first;
  const expected = shown.decision === shown.expected ? '' : say`; expected was ${code(shown.expected)}`;
  return {
    tone: unmet === undefined ? DECISION_TONE[shown.decision] : 'bad',
    label,
    text: say`${code(shown.decision)} by rule ${code(shown.rule_id)}${decisions.length === 1 ? '' : `, the one that counts of ${counted(decisions.length, 'decision')}`}${expected}`,
  };
}

function recordedIdentity({ story, verification }: ReportInput): Check {
  const label = 'Identity';
  if (story === undefined || story.readable === 0) return { tone: 'bad', label, text: say`no record could be read` };
  if (story.unauthenticated > 0) {
    return {
      tone: 'bad',
      label,
      text: say`${counted(story.unauthenticated, 'record')} of ${story.readable} without a good proof of who asked`,
    };
  }
  const runners = story.runners.length + (story.otherRunners > 0 ? 1 : 0);
  const proofs = [...new Set(story.runners.map(({ proof }) => PROOF_WORDS[proof] ?? 'another proof'))].join(', ');
  return {
    tone: verification?.signatures === 'checked' && verification.valid ? 'good' : 'warn',
    label,
    text: say`${runners === 1 ? 'one job' : 'several jobs'}, proven to the recorder by ${proofs}`,
  };
}

function recordedDecision({ story, verification }: ReportInput): Check {
  const label = 'Decision';
  if (story === undefined || story.readable === 0) return { tone: 'bad', label, text: say`none could be read` };
  const { allow, require_approval: waiting, block } = story.decisions;
  const parts = [
    { name: 'allow', records: allow },
    { name: 'require_approval', records: waiting },
    { name: 'block', records: block },
  ].filter(({ records }) => records > 0);
  const text = parts.flatMap(
    ({ name, records }, index): Prose => [
      index === 0 ? '' : ', ',
      code(name),
      parts.length === 1 && records === 1
        ? ''
        : ` ${records === story.readable ? 'in every record' : counted(records, 'time')}`,
    ],
  );
  if (verification?.valid === false) return { tone: 'neutral', label, text: say`${text}, as the stream says` };
  return { tone: block > 0 ? 'bad' : waiting > 0 ? 'warn' : 'good', label, text: say`${text}` };
}

function chain(report: VerificationReport): Check {
  const errors = report.findings.filter(
    ({ severity, code: name }) => severity === 'error' && !name.startsWith('expectation_'),
  ).length;
  const label = 'Chain';
  const records = counted(report.records, 'record');
  if (errors === 0) {
    const text =
      report.records === 1
        ? `${records}, and its hash is that of its bytes`
        : `${records}, each hashed and linked to the one before`;
    return { tone: 'good', label, text: say`${text}` };
  }
  return { tone: 'bad', label, text: say`${records}, with ${counted(errors + report.findings_omitted, 'error')}` };
}

function signatures(report: VerificationReport): Check {
  const label = 'Signatures';
  const bad = report.findings.find(({ code: name }) => /^(signature_|key_)/.test(name));
  if (bad !== undefined) return { tone: 'bad', label, text: say`not as they must be: ${bad.message}` };
  if (report.signatures !== 'checked' && report.checkpoint === 'valid') {
    return { tone: 'neutral', label, text: say`of records not checked; the checkpoint’s covers every one of them` };
  }
  const tone = report.signatures === 'checked' ? (report.valid ? 'good' : 'neutral') : 'warn';
  if (report.signatures === 'checked') {
    const keys = report.keys.map(({ key_id: id }) => id).filter((id) => id !== '');
    return { tone, label, text: say`checked${keys.length === 0 ? '' : say`, signed with ${listed(keys, 4)}`}` };
  }
  return { tone, label, text: say`${SIGNATURE_WORDS[report.signatures]}` };
}

/** Whether records that were cut off at the end would be missed. */
export function tailCheck(report: VerificationReport): Check {
  return {
    tone: report.tail === 'unanchored' ? 'warn' : 'good',
    label: 'End of the stream',
    text: say`${TAIL_WORDS[report.tail]}`,
  };
}

function rank(decision: string): number {
  return ['block', 'require_approval', 'allow'].indexOf(decision);
}
