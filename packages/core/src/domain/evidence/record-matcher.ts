import { PART_BYTES } from '../limits.ts';
import { ENDS_AT, LINES_AT, recordProgram, STARTS_AT, writeTables, ZEROS_BEHIND } from './record-program.ts';
import { type MemberRanges, SLOT_COUNT } from './slots.ts';

/** Longer lines are left to the scanner, unless they stand in the matcher's own memory. */
export const MAX_MATCHED_BYTES = 16 * 1024;

const PART_AT = LINES_AT + MAX_MATCHED_BYTES;
const PAGE_BYTES = 64 * 1024;
const PAGES = Math.ceil((PART_AT + PART_BYTES + ZEROS_BEHIND) / PAGE_BYTES);

/** Reads lines by the program of `record-program.ts`. */
export class RecordMatcher {
  /** Lines of a part that stand here are read where they are. */
  readonly part: Buffer;
  readonly #buffer: ArrayBuffer;
  readonly #line: Uint8Array;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  readonly #main: (address: number, line: number) => number;

  constructor({ memory, main }: ReturnType<typeof instantiate>) {
    this.#buffer = memory;
    this.#main = main;
    this.part = Buffer.from(memory, PART_AT, PART_BYTES);
    this.#line = new Uint8Array(memory, LINES_AT, MAX_MATCHED_BYTES);
    this.#starts = new Int32Array(memory, STARTS_AT, SLOT_COUNT);
    this.#ends = new Int32Array(memory, ENDS_AT, SLOT_COUNT);
  }

  /**
   * @param line a whole line
   * @param ranges takes the places of all members when it is a match
   * @returns whether the line is canonical; false says nothing about it
   */
  match(line: Uint8Array, ranges: MemberRanges): boolean {
    const address = this.#place(line);
    if (address === 0 || this.#main(address, address) !== address + line.length) {
      return false;
    }
    ranges.starts.set(this.#starts);
    ranges.ends.set(this.#ends);
    return true;
  }

  /** The line's address; 0 when there is no room for it. */
  #place(line: Uint8Array): number {
    if (line.buffer === this.#buffer) {
      return line.byteOffset;
    }
    if (line.length > MAX_MATCHED_BYTES) {
      return 0;
    }
    this.#line.set(line);
    return LINES_AT;
  }
}

let shared: RecordMatcher | undefined;
let isAvailable = true;

/** The matcher of this thread; undefined where the platform has no WebAssembly, or no memory for it. All that it could read can be scanned. */
export function recordMatcher(): RecordMatcher | undefined {
  if (shared === undefined && isAvailable) {
    try {
      shared = new RecordMatcher(instantiate());
    } catch {
      isAvailable = false;
    }
  }
  return shared;
}

function instantiate() {
  if (typeof WebAssembly === 'undefined') throw new TypeError('no WebAssembly');
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(recordProgram(PAGES)));
  const { memory, main } = exports as {
    readonly memory: { readonly buffer: ArrayBuffer };
    readonly main: (address: number, line: number) => number;
  };
  writeTables(new DataView(memory.buffer));
  return { memory: memory.buffer, main };
}
