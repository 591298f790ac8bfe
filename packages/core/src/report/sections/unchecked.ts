import type { ReportInput } from '../model/model.ts';
import { code, listed, type Prose, say } from '../model/prose.ts';

/** What this report does not know, so that nobody reads it as more than it is. */
export function uncheckedOf(input: ReportInput): readonly Prose[] {
  return [
    ...aboutSignatures(input),
    ...aboutTheEnd(input),
    ...aboutIdentity(input),
    ...aboutExpectations(input),
    ...ALWAYS,
  ];
}

const ALWAYS: readonly Prose[] = [
  say`Whether the request tells the truth. It is a statement: that an approval stands in it does not prove that somebody approved.`,
  say`Whether the clock was right. The time in a record is the word of whoever signed it.`,
  say`Whether what was released afterwards is what was asked about, unless a checkpoint names the artifacts by digest.`,
  say`Whether this page is genuine. It is a rendering that anybody could imitate: the proof is the stream beside it, and the commands below check it.`,
];

function aboutSignatures({ verification }: ReportInput): readonly Prose[] {
  if (verification === undefined) return [say`The evidence itself: the run ended before it could be verified.`];
  if (verification.signatures === 'checked' || verification.checkpoint === 'valid') return [];
  return [say`Who wrote the records: no signature was checked. Whoever can write a file can write such a stream.`];
}

function aboutTheEnd({ verification }: ReportInput): readonly Prose[] {
  if (verification === undefined || verification.tail !== 'unanchored') return [];
  return [say`Whether records are missing at the end. A checkpoint of this run, or an earlier one, would show it.`];
}

function aboutIdentity({ gate, story }: ReportInput): readonly Prose[] {
  if (gate !== undefined) {
    const unverified = gate.authentication?.unverified ?? [];
    return unverified.length === 0
      ? []
      : [say`What the job says of its ${listed(unverified)}: its proof does not cover that.`];
  }
  if (story === undefined || story.readable === 0) return [];
  return [
    say`The runner’s proof of identity: it is not kept in evidence. That it was good is what the recorder’s signature says.`,
  ];
}

function aboutExpectations({ gate, verification }: ReportInput): readonly Prose[] {
  if (gate !== undefined || verification === undefined) return [];
  const { expectations } = verification;
  if (expectations !== undefined) return [];
  return [
    say`Whether this is the evidence that you were looking for: no ${code('--expect-…')} option was given, so valid evidence of another run would look the same.`,
  ];
}
