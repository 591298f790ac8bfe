import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { StreamFacts } from '../../src/domain/checkpoint/stream-facts.ts';
import { claimsFileText, responseFileText } from '../../src/domain/evidence/files.ts';
import type { UnsealedRecord } from '../../src/domain/evidence/record.ts';
import { ExpectationCheck } from '../../src/domain/verification/expectations.ts';
import { FolderCheck } from '../../src/domain/verification/folder-check.ts';
import { StreamVerificationRun } from '../../src/domain/verification/stream-verification.ts';
import type { PartJob } from '../../src/io/threads/part-job.ts';
import { outcomeInParts, outcomeOf, partVerifiers } from '../support/parts.ts';
import { randomNumbers } from '../support/random.ts';
import { IDENTITY, KEY, sealChain, stream, unsealed, VERIFICATION_KEY } from '../support/streams.ts';

const VECTORS = new URL('../../../../test/vectors/evidence/', import.meta.url);
const NOW = Date.UTC(2026, 2, 4, 5, 6, 8);
const WORST = { ...unsealed(5, '').response, decision: 'block' as const, rule_id: 'x' };

const JOB: PartJob = {
  signatures: { mode: 'required', keys: [VERIFICATION_KEY] },
  sideFiles: {
    claims: Buffer.from(claimsFileText(IDENTITY)),
    response: Buffer.from(responseFileText(WORST)),
  },
  expectations: { repository: IDENTITY.repository, ref: 'refs/heads/other', decision: 'allow', max_age_seconds: 3600 },
  nowMs: NOW,
  facts: true,
};
const CHANGES: Partial<UnsealedRecord>[] = Array.from({ length: 8 }, () => ({}));
CHANGES[4] = { response: WORST };
CHANGES[6] = { response: WORST };
const LINES = sealChain(CHANGES);
const STREAM = stream(LINES);

/** The same questions of a whole stream, with what the checkpoint's facts are besides. */
function observe(job: PartJob) {
  const facts = new StreamFacts();
  const { sideFiles, expectations } = job;
  const observers = [
    ...(sideFiles === undefined ? [] : [new FolderCheck(sideFiles)]),
    ...(expectations === undefined ? [] : [new ExpectationCheck(expectations, NOW)]),
    ...(job.facts ? [facts] : []),
  ];
  const told = () =>
    `${facts.decision} ${facts.ruleId} ${facts.unauthenticated} ${facts.tree.size} ${Buffer.from(facts.tree.root()).toString('hex')}`;
  return { observers, told };
}

function whole(bytes: Uint8Array, job: PartJob): string {
  const { observers, told } = observe(job);
  const run = new StreamVerificationRun({ signatures: job.signatures, observers });
  run.write(bytes);
  return `${outcomeOf(run)} ${told()}`;
}

async function inParts(bytes: Uint8Array, partBytes: number, job: PartJob, lost?: (part: number) => boolean) {
  const { verifiers, seen } = partVerifiers(job, partBytes, lost);
  const { observers, told } = observe(job);
  const outcome = `${await outcomeInParts(bytes, job, { verifiers }, observers)} ${told()}`;
  return { outcome, seen };
}

/** Part sizes that put a border between any two neighbouring records of the stream, and within lines. */
const longest = Math.max(...LINES.map(({ length }) => length)) + 1;
const SIZES = [
  1,
  64,
  longest - 1,
  longest,
  longest + 1,
  2 * longest,
  ...LINES.map((_, index) => stream(LINES.slice(0, index + 1)).length),
  STREAM.length + 1,
];

async function expectSame(bytes: Uint8Array, job = JOB, sizes: readonly number[] = SIZES) {
  const expected = whole(bytes, job);
  for (const size of sizes) {
    expect((await inParts(bytes, size, job)).outcome).toBe(expected);
  }
}

describe('a stream verified in parts', () => {
  it('is the same as the stream verified as a whole', async () => {
    await expectSame(STREAM);
    const { outcome, seen } = await inParts(STREAM, 2 * longest, JOB);
    // And it is the parts that were verified elsewhere which say so.
    expect(seen.parts).toBeGreaterThan(3);
    expect(seen.faultless).toBe(seen.parts);
    expect(outcome).toContain('"records":8');
  });

  it.each([1, 2, 3])('is the same when what verifies part %d dies', async (part) => {
    const { outcome, seen } = await inParts(STREAM, 2 * longest, JOB, (number) => number === part);
    expect(outcome).toBe(whole(STREAM, JOB));
    expect(seen.faultless).toBe(seen.parts - 1);
  });

  it('is the same with each line missing, repeated, moved, blank, broken, unsigned, or of another stream', async () => {
    const other = sealChain(LINES.map((_, index) => ({ request: { target: `other ${index}` } })));
    const unsigned = sealChain(CHANGES, 'unsigned');
    const foreign = sealChain(CHANGES, { ...KEY, secret: Buffer.alloc(32, 'x') });
    const renamed = sealChain(CHANGES, { ...KEY, id: 'renamed' });
    const old = sealChain(LINES.map(() => ({ timestamp: '2020-01-01T00:00:00Z' })));
    const sizes = [longest, 2 * longest, 3 * longest];
    for (let index = 0; index < LINES.length; index += 1) {
      const line = LINES[index] ?? '';
      const [before, behind] = [LINES.slice(0, index), LINES.slice(index + 1)];
      const replacements = [
        [],
        [line, line],
        [...behind.slice(0, 1), line],
        [''],
        [' '],
        ['{}'],
        [line.slice(0, -1)],
        [`${line}\r`],
      ];
      const others = [other, unsigned, foreign, renamed, old].map((lines) => [lines[index] ?? '']);
      for (const replacement of [...replacements, ...others]) {
        await expectSame(stream([...before, ...replacement, ...behind]), JOB, sizes);
      }
      // From here on another stream, of which all parts are faultless in themselves.
      for (const lines of [other, unsigned, foreign, renamed, old]) {
        await expectSame(stream([...before, ...lines.slice(index)]), JOB, sizes);
      }
    }
  });

  it('is the same with bytes changed on both sides of every border', async () => {
    for (let index = 1; index < LINES.length; index += 1) {
      const border = stream(LINES.slice(0, index)).length;
      for (let offset = border - 3; offset < border + 3; offset += 1) {
        for (const byte of [0x00, 0x0a, 0x20, 0x7b, 0x7d, 0xff]) {
          const changed = Buffer.from(STREAM);
          changed[offset] = byte;
          await expectSame(changed, JOB, [longest, 2 * longest, border, border + 1]);
        }
        await expectSame(STREAM.subarray(0, offset), JOB, [longest, border]);
        await expectSame(STREAM.subarray(offset), JOB, [longest]);
      }
    }
  });

  it('is the same for random damage to random bytes', async () => {
    const { below } = randomNumbers(9);
    for (let round = 0; round < 300; round += 1) {
      const changed = Buffer.from(STREAM);
      changed[below(changed.length)] = below(256);
      await expectSame(changed, JOB, [1 + below(4 * longest), longest + below(longest)]);
    }
  });

  it('is the same under a key without a name, whichever id it stands for', async () => {
    const job: PartJob = { ...JOB, signatures: { mode: 'required', keys: [{ ...VERIFICATION_KEY, id: '' }] } };
    const renamed = sealChain(CHANGES, { ...KEY, id: 'renamed' });
    await expectSame(STREAM, job);
    for (const cut of [1, 4, 5]) {
      await expectSame(stream([...LINES.slice(0, cut), ...renamed.slice(cut)]), job, [longest, 2 * longest]);
    }
  });

  it('is the same without keys, files, expectations and facts', async () => {
    const plain: PartJob = {
      signatures: { mode: 'integrity-only' },
      sideFiles: undefined,
      expectations: undefined,
      nowMs: NOW,
      facts: false,
    };
    await expectSame(STREAM, plain);
    await expectSame(stream(sealChain(CHANGES, 'unsigned')), plain);
  });

  it('is the same with more key ids than a report lists', async () => {
    let previousHash = '';
    const lines = Array.from({ length: 130 }, (_, index) => {
      const [line = ''] = sealChain([{ sequence: BigInt(index + 1), previousHash }], { ...KEY, id: `key-${index}` });
      previousHash = /"record_hash":"(\w+)"/.exec(line)?.[1] ?? '';
      return line;
    });
    await expectSame(stream(lines), { ...JOB, signatures: { mode: 'integrity-only' } }, [10_000, 90_000]);
  });

  it('is the same with lines that are longer than a part', async () => {
    const long = (bytes: number) => ({ request: { target: 'x'.repeat(bytes) } });
    for (const changes of [
      [{}, long(9_000), {}, {}],
      [long(20_000), long(30_000)],
      [{}, {}, long(5_000)],
    ]) {
      await expectSame(stream(sealChain(changes)), JOB, [1_000, 4_000, 10_000]);
    }
  });

  it('is the same for every recorded stream', async () => {
    const keys = ['vector-evidence-key-one'].map((key) => ({
      id: '',
      secret: Buffer.from(key),
      status: 'active' as const,
    }));
    for (const file of readdirSync(VECTORS).filter((name) => name.endsWith('.jsonl'))) {
      await expectSame(
        readFileSync(new URL(file, VECTORS)),
        { ...JOB, signatures: { mode: 'required', keys } },
        [700, 2_500, 60_000],
      );
    }
  });
});
