import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PART_BYTES } from '../../../src/domain/limits.ts';
import { StreamVerificationRun } from '../../../src/domain/verification/stream-verification.ts';
import type { PartJob, PartVerifiers } from '../../../src/io/threads/part-job.ts';
import { startPartThreads } from '../../../src/io/threads/part-threads.ts';
import { ThreadPool } from '../../../src/io/threads/thread-pool.ts';
import { readerOf, verifyInParts } from '../../../src/verify/stream-parts.ts';
import { outcomeOf } from '../../support/parts.ts';
import { sealChain, stream, VERIFICATION_KEY } from '../../support/streams.ts';

/** The committed bundle of the command line, as the threads that it starts run it. */
const PROGRAM = new URL('../../../../cli/dist/cavra-release-governance.mjs', import.meta.url);
const JOB: PartJob = {
  signatures: { mode: 'required', keys: [VERIFICATION_KEY] },
  sideFiles: undefined,
  expectations: undefined,
  nowMs: 0,
  facts: false,
};
/** Some parts, whose borders are not where their memory ends. */
const STREAM = stream(sealChain(Array.from({ length: 1_000 }, () => ({}))));

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
  await verifyInParts(readerOf(once(bytes)), run, counting, () => {}).finally(() => threads.close());
  return { outcome: outcomeOf(run), faultless };
}

async function* once(bytes: Buffer) {
  yield bytes;
}

/** Offsets at which a part ends and the next begins: behind the last line end that a part has room for. */
function partBorders(): number[] {
  const borders: number[] = [];
  for (let start = 0; start + PART_BYTES < STREAM.length; ) {
    start = STREAM.lastIndexOf('\n', start + PART_BYTES - 1) + 1;
    borders.push(start);
  }
  return borders;
}

/** The stream with each of these done to it at each border. */
function* tamperings(): Generator<Buffer> {
  const borders = partBorders();
  if (borders.length < 4) throw new Error('too few parts');
  for (const border of borders) {
    const before = STREAM.lastIndexOf('\n', border - 2) + 1;
    const behind = STREAM.indexOf('\n', border) + 1;
    const [head, last, first, tail] = [
      STREAM.subarray(0, before),
      STREAM.subarray(before, border),
      STREAM.subarray(border, behind),
      STREAM.subarray(behind),
    ];
    // A record missing, repeated or moved on either side, and a border that is no line end any more.
    yield Buffer.concat([head, first, tail]);
    yield Buffer.concat([head, last, tail]);
    yield Buffer.concat([head, last, last, first, tail]);
    yield Buffer.concat([head, first, last, tail]);
    yield Buffer.concat([head, last.subarray(0, -1), first, tail]);
    yield Buffer.concat([head, last, Buffer.from('\n'), first, tail]);
    // A byte of the record's number, of its response and of its signature.
    for (const [line, at] of [
      [last, before],
      [first, border],
    ] as const) {
      for (const member of ['"sequence":', '"decision":"', '"value":"']) {
        const changed = Buffer.from(STREAM);
        const offset = at + line.indexOf(member) + member.length;
        changed[offset] = changed[offset] === 0x31 ? 0x32 : 0x31;
        yield changed;
      }
    }
  }
  // The tail cut off within a part, in the middle of a line.
  yield STREAM.subarray(0, -100);
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

/** What one thread itself answers for the first part, as soon as it takes questions; `never` when it does not within a second. */
async function answerOfThread(url: URL): Promise<unknown> {
  const pool = new ThreadPool<object, unknown>({ program: url, data: { kind: 'parts', job: JOB }, threads: 1 });
  try {
    const length = partBorders()[0] ?? 0;
    const memory = new Uint8Array(new SharedArrayBuffer(PART_BYTES));
    memory.set(STREAM.subarray(0, length));
    for (let attempt = 0; attempt < 50; attempt += 1) {
      const answer = pool.askFree({ memory, length }, 1);
      if (answer !== undefined) return await answer;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return 'never';
  } finally {
    await pool.close();
  }
}

describe('threads that verify parts', () => {
  it('verify a part themselves', async () => {
    const lines = STREAM.subarray(0, partBorders()[0]).toString().split('\n').length - 1;
    expect(await answerOfThread(PROGRAM)).toMatchObject({ records: lines, firstSequence: 1, lastSequence: lines });
  });

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

  it('find the same as one thread with tampering on both sides of every border', async () => {
    const threads = startPartThreads(PROGRAM, JOB);
    if (threads === undefined) return;
    try {
      for (const changed of tamperings()) {
        const run = new StreamVerificationRun({ signatures: JOB.signatures });
        await verifyInParts(readerOf(once(changed)), run, threads, () => {});
        const outcome = outcomeOf(run);
        expect(outcome).toBe(whole(changed));
        expect(outcome).toContain('"errors":');
        expect(outcome).not.toContain('"errors":0');
      }
    } finally {
      await threads.close();
    }
  });

  it.each([
    ['end at once', '', 'never'],
    ['throw', 'throw new Error("no")', 'never'],
    [
      'die at their first part',
      'import { parentPort } from "node:worker_threads"; parentPort.on("message", () => process.exit(1)); parentPort.postMessage(0);',
      undefined,
    ],
    [
      'answer what cannot be sent',
      'import { parentPort } from "node:worker_threads"; parentPort.on("message", () => parentPort.postMessage(() => 1)); parentPort.postMessage(0);',
      undefined,
    ],
  ])('may %s, and nothing is lost', async (_title, text, answer) => {
    const { outcome } = await verifyWith(program(text), STREAM);
    expect(outcome).toBe(whole(STREAM));
    // What no thread has verified, none may say it has.
    expect(await answerOfThread(program(text))).toBe(answer);
  });
});
