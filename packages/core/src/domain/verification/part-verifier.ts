import { Buffer } from 'node:buffer';
import { recordMatcher } from '../evidence/record-matcher.ts';
import { StreamVerifier, type StreamVerifierOptions, type VerifiedPart } from './verifier.ts';

const LF = 0x0a;

/**
 * Verifies whole lines of a stream apart from what is before them, so that parts of one stream can be verified at the same time
 * (`StreamVerificationRun.join` puts them together). Only a part in which nothing whatever is found is worth telling of: all others are
 * verified again in their place, so that findings are the same however a stream was divided.
 *
 * @param bytes lines, each with its line end
 * @param options with observers that have seen nothing yet; `takePart` of each is part of the result
 */
export function verifyPart(bytes: Uint8Array, options: StreamVerifierOptions): VerifiedPart | undefined {
  const lines = copyOf(bytes);
  const verifier = new StreamVerifier({ ...options, start: 'unknown', matchAfter: 0 });
  let line = 1;
  let start = 0;
  while (start < lines.length) {
    const end = lines.indexOf(LF, start);
    if (end < 0) {
      return undefined;
    }
    verifier.push(lines.subarray(start, end), { line, offset: start, terminated: true });
    if (!verifier.findings.isEmpty) {
      return undefined;
    }
    start = end + 1;
    line += 1;
  }
  return verifier.takePart();
}

/** Nobody else writes to a copy, and it is where the matcher wants the lines. */
function copyOf(bytes: Uint8Array): Buffer {
  const room = recordMatcher()?.part;
  if (room === undefined || bytes.length > room.length) {
    return Buffer.from(bytes);
  }
  room.set(bytes);
  return room.subarray(0, bytes.length);
}
