import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from '@jest/globals';
import { STREAM_FILE } from '../../../src/domain/evidence/files.ts';
import type { HmacSigningKey } from '../../../src/domain/keys/hmac-keys.ts';
import { MAX_RECORD_BYTES } from '../../../src/domain/limits.ts';
import type { RandomBytes } from '../../../src/domain/ports.ts';
import { createSecretSearcher } from '../../../src/domain/secrets/searcher.ts';
import { LineSplitter } from '../../../src/domain/verification/line-splitter.ts';
import { StreamVerifier } from '../../../src/domain/verification/verifier.ts';
import type { EvidenceRecorderOptions } from '../../../src/io/stream/evidence-recorder.ts';
import { systemRandomBytes } from '../../../src/io/system/system.ts';

export const KEY: HmacSigningKey = { id: 'key-1', secret: Buffer.from('a test key of at least thirty-two bytes') };

const folders: string[] = [];

/** A new empty folder, removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cavra-core-'));
  folders.push(folder);
  return folder;
}

afterAll(() => {
  for (const folder of folders) {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** A clock that moves on by one second at each look. */
export function tickingClock(start = Date.UTC(2026, 0, 1)): () => number {
  let time = start;
  return () => {
    time += 1000;
    return time;
  };
}

export function recorderOptions(folder: string): EvidenceRecorderOptions {
  return {
    folder,
    signingKey: KEY,
    clock: tickingClock(),
    randomBytes: systemRandomBytes,
    searcher: createSecretSearcher([{ name: 'EVIDENCE_KEY', value: KEY.secret }]),
    lockWaitMs: 0,
  };
}

/** Random bytes that repeat from run to run. */
export function seededBytes(seed: string): RandomBytes {
  let counter = 0;
  return (size) => {
    counter += 1;
    return createHash('sha512').update(`${seed} ${counter}`).digest().subarray(0, size);
  };
}

export function readStream(folder: string): Buffer {
  return readFileSync(join(folder, STREAM_FILE));
}

/** Findings of a stream that must be signed by KEY throughout, and its number of records. */
export function verifyStream(bytes: Uint8Array) {
  const keys = [{ ...KEY, status: 'active' as const }];
  const verifier = new StreamVerifier({ signatures: { mode: 'required', keys } });
  const splitter = new LineSplitter(verifier, MAX_RECORD_BYTES);
  splitter.write(bytes);
  splitter.end();
  const { records, headHash } = verifier.finish();
  return { records, headHash, findings: verifier.findings.kept.map(({ code }) => code) };
}

/** Awaits a rejection and checks its class and code. */
export async function expectFailure(
  work: Promise<unknown>,
  errorClass: new (...args: never[]) => Error,
  code: string,
): Promise<Error> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(errorClass);
  expect(error).toMatchObject({ code });
  return error as Error;
}
