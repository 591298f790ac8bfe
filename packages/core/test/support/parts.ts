import { verifyPart } from '../../src/domain/verification/part-verifier.ts';
import { StreamVerificationRun } from '../../src/domain/verification/stream-verification.ts';
import type { RecordObserver } from '../../src/domain/verification/verifier.ts';
import { type PartJob, type PartVerifiers, partObservers } from '../../src/io/threads/part-job.ts';
import { readerOf, verifyInParts } from '../../src/verify/stream-parts.ts';

/** Verifies parts of a size of the test's choice, in this thread; `lost` parts get no answer, as if their thread had died. */
export function partVerifiers(job: PartJob, partBytes: number, lost: (part: number) => boolean = () => false) {
  const seen = { parts: 0, faultless: 0 };
  const verifiers: PartVerifiers = {
    lookahead: 4,
    allocate: () => Buffer.alloc(partBytes),
    verify: async (memory, length) => {
      seen.parts += 1;
      if (lost(seen.parts)) return undefined;
      const part = verifyPart(memory.subarray(0, length), {
        signatures: job.signatures,
        observers: partObservers(job),
      });
      seen.faultless += part === undefined ? 0 : 1;
      // As it would come from another thread.
      return structuredClone(part);
    },
    close: async () => {},
  };
  return { verifiers, seen };
}

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const chunk = Buffer.alloc(size);
  for (let start = 0; start < bytes.length; start += size) {
    const length = chunk.write(Buffer.from(bytes.subarray(start, start + size)).toString('latin1'), 'latin1');
    yield chunk.subarray(0, length);
    chunk.fill(0);
  }
}

/** What a whole verification tells, as JSON that can be compared. */
export function outcomeOf(run: StreamVerificationRun): string {
  const { summary, findings, sha256 } = run.finish();
  return JSON.stringify({
    summary,
    kept: findings.kept,
    errors: findings.errorCount,
    omitted: findings.omitted,
    sha256,
  });
}

export async function outcomeInParts(
  bytes: Uint8Array,
  job: PartJob,
  { verifiers }: Pick<ReturnType<typeof partVerifiers>, 'verifiers'>,
  observers: readonly RecordObserver[],
  chunkBytes = 1000,
): Promise<string> {
  const run = new StreamVerificationRun({ signatures: job.signatures, observers });
  let done = 0;
  await verifyInParts(readerOf(inChunks(bytes, chunkBytes)), run, verifiers, (joined) => {
    done = joined;
  });
  if (done !== bytes.length) throw new Error(`${done} of ${bytes.length} bytes were joined`);
  return outcomeOf(run);
}
