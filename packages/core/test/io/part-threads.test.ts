import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { PartJob, PartVerifiers } from '../../src/app/part-job.ts';
import { verifyInParts } from '../../src/app/stream-parts.ts';
import { StreamVerificationRun } from '../../src/domain/evidence/stream-verification.ts';
import { startPartThreads } from '../../src/io/part-threads.ts';
import { outcomeOf } from '../support/parts.ts';
import { sealChain, stream, VERIFICATION_KEY } from '../support/streams.ts';

/** The committed bundle of the command line, as the threads that it starts run it. */
const PROGRAM = new URL('../../../../packages/cli/dist/cavra-release-governance.mjs', import.meta.url);
const JOB: PartJob = {
  signatures: { mode: 'required', keys: [VERIFICATION_KEY] },
  sideFiles: undefined,
  expectations: undefined,
  nowMs: 0,
  facts: false,
};
/** More than one part, whose border is in the middle of a line. */
const STREAM = stream(sealChain(Array.from({ length: 3_000 }, () => ({}))));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cavra-threads-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Verifies the stream with threads; returns the outcome, and how many parts they found faultless. */
async function verifyWith(
  program: URL,
  bytes: Buffer,
): Promise<{ readonly outcome: string; readonly faultless: number }> {
  const threads = startPartThreads(program, JOB);
  // On one core there are none, and nothing to test.
  if (threads === undefined) return { outcome: whole(bytes), faultless: Number.NaN };
  let faultless = 0;
  const counting: PartVerifiers = {
    ...threads,
    verify: async (memory, length) => {
      const part = await threads.verify(memory, length);
      faultless += part === undefined ? 0 : 1;
      return part;
    },
  };
  const run = new StreamVerificationRun({ signatures: JOB.signatures });
  async function* chunks() {
    yield bytes;
  }
  await verifyInParts(chunks(), run, counting, () => {}).finally(() => threads.close());
  return { outcome: outcomeOf(run), faultless };
}

function whole(bytes: Buffer): string {
  const run = new StreamVerificationRun({ signatures: JOB.signatures });
  run.write(bytes);
  return outcomeOf(run);
}

function program(text: string): URL {
  const path = join(folder, 'program.mjs');
  writeFileSync(path, text);
  return pathToFileURL(path);
}

describe('threads that verify parts', () => {
  it('run the committed bundle and find the same as one thread', async () => {
    const { outcome, faultless } = await verifyWith(PROGRAM, STREAM);
    expect(outcome).toBe(whole(STREAM));
    expect(faultless).not.toBe(0);
    expect(faultless).not.toBe(1);
  });

  it('leave a part in which anything is wrong to the one thread', async () => {
    const changed = Buffer.from(STREAM);
    changed[changed.length - 200] = 0x21;
    const { outcome, faultless } = await verifyWith(PROGRAM, changed);
    expect(outcome).toBe(whole(changed));
    expect(outcome).toMatch(/mismatch|non_canonical/);
    expect(faultless).not.toBe(0);
  });

  it.each([
    ['end at once', ''],
    ['throw', 'throw new Error("no")'],
    [
      'die at their first part',
      'import { parentPort } from "node:worker_threads"; parentPort.on("message", () => process.exit(1));',
    ],
    [
      'answer what cannot be sent',
      'import { parentPort } from "node:worker_threads"; parentPort.on("message", () => parentPort.postMessage(() => 1));',
    ],
  ])('may %s, and nothing is lost', async (_title, text) => {
    const { outcome, faultless } = await verifyWith(program(text), STREAM);
    expect(outcome).toBe(whole(STREAM));
    if (!Number.isNaN(faultless)) expect(faultless).toBe(0);
  });
});
