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
  const verifier = new StreamVerifier({ ...options, start: 'unknown', matchAfter: 0 });
  let line = 1;
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(LF, start);
    if (end < 0) {
      return undefined;
    }
    verifier.push(bytes.subarray(start, end), { line, offset: start, terminated: true });
    if (!verifier.findings.isEmpty) {
      return undefined;
    }
    start = end + 1;
    line += 1;
  }
  return verifier.takePart();
}
