import { describe, expect, it } from '@jest/globals';
import { JsonError } from '../../../src/domain/json/error.ts';
import { parseStrictJson } from '../../../src/domain/json/parse.ts';
import { toPlain } from '../../../src/domain/json/plain.ts';

const ROUNDS = 20_000;
const SEEDS = [
  '{"session_id":"s","release_governance":{"metadata_kind":"rollout-promotion-execution","blocked_count":7}}',
  '[null,true,false,0,-1,1.5e3,"\\u00e9\\ud83d\\ude80\\n",{"a":{"b":[[],{}]}}]',
  '  {"ä":"ö","€":"🚀","__proto__":[1,2,3]}  ',
];
const FRAGMENTS = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\\u',
  '\\ud800',
  '1e9',
  '-',
  '\ufeff',
  '\u0000',
  'null',
  '\xff',
];

/** Deterministic (mulberry32), so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function pick<T>(items: readonly T[], next: () => number): T | undefined {
  return items[Math.floor(next() * items.length)];
}

function mutate(seed: Buffer, next: () => number): Buffer {
  let bytes = seed;
  for (let edits = 1 + Math.floor(next() * 3); edits > 0; edits -= 1) {
    const at = Math.floor(next() * bytes.length);
    const insert = next() < 0.5 ? Buffer.from([Math.floor(next() * 256)]) : Buffer.from(pick(FRAGMENTS, next) ?? '');
    const removed = Math.floor(next() * 3);
    bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + removed)]);
  }
  return bytes;
}

function viaJsonParse(bytes: Buffer): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(bytes.toString('utf8')) };
  } catch {
    return undefined;
  }
}

function viaStrict(bytes: Buffer): { readonly value: unknown } | JsonError {
  try {
    return { value: toPlain(parseStrictJson(bytes, { maxBytes: 2 ** 20 })) };
  } catch (error) {
    if (error instanceof JsonError) return error;
    throw error;
  }
}

/** Plain values as text, comparable whatever their prototypes. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, item) => (typeof item === 'bigint' ? Number(item) : item));
}

/** Refusals in which the strict parser says no where JSON.parse says yes. */
const STRICTER = ['duplicate_member', 'unpaired_surrogate', 'not_utf8', 'number_out_of_range', 'byte_order_mark'];

describe('mutated texts', () => {
  const next = random(20_261_120);
  const texts = Array.from({ length: ROUNDS }, () => mutate(Buffer.from(pick(SEEDS, next) ?? ''), next));

  it('end in a value or a JsonError, and agree with JSON.parse', () => {
    const counts = { same: 0, bothRefuse: 0, stricter: 0 };
    for (const bytes of texts) {
      const strict = viaStrict(bytes);
      const loose = viaJsonParse(bytes);
      if (strict instanceof JsonError) {
        if (loose === undefined) counts.bothRefuse += 1;
        else {
          expect(STRICTER).toContain(strict.code);
          counts.stricter += 1;
        }
      } else {
        expect(loose).toBeDefined();
        expect(canonical(strict.value)).toBe(canonical(loose?.value));
        counts.same += 1;
      }
    }
    // Each of the three must really have been tried.
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(100);
  });

  it('have their error inside of the text', () => {
    for (const bytes of texts.slice(0, 5_000)) {
      const result = viaStrict(bytes);
      if (result instanceof JsonError) {
        expect(result.offset).toBeLessThanOrEqual(bytes.length);
        expect(result.offset).toBeGreaterThanOrEqual(0);
      }
    }
  });
});

describe('generated values', () => {
  it('are read as JSON.parse reads them', () => {
    const next = random(7);
    const make = (depth: number): unknown => {
      const roll = next();
      if (depth > 5 || roll < 0.5) {
        return pick([null, true, false, 0, -7, 2 ** 40, 0.25, 1e-7, '', 'a"\\\n\u2028', '🚀', 'é'], next);
      }
      if (roll < 0.75) return Array.from({ length: Math.floor(next() * 4) }, () => make(depth + 1));
      return Object.fromEntries(Array.from({ length: Math.floor(next() * 4) }, (_, i) => [`k${i}"`, make(depth + 1)]));
    };
    for (let round = 0; round < 2_000; round += 1) {
      const text = JSON.stringify(make(0), null, round % 3);
      const strict = viaStrict(Buffer.from(text));
      expect(strict).not.toBeInstanceOf(JsonError);
      if (!(strict instanceof JsonError)) expect(canonical(strict.value)).toBe(canonical(JSON.parse(text)));
    }
  });
});
