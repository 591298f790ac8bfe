/** How a record disagrees with the record before it. */
export interface ChainFault {
  /** The expected number, when the record's is another one. */
  readonly expectedSequence: number | undefined;
  readonly linked: boolean;
}

/**
 * What the next record must continue. The state is small and explicit, so that parts of a stream can be checked apart and joined: it
 * starts at the beginning of a stream, or `unknown` in the middle of one.
 *
 * After a fault it goes on from whatever fits, so that one fault is one finding and not a cascade; the stream is invalid all the same.
 */
export class Chain {
  /** The number of the next record; 0: any. */
  #sequence: number;
  /** Unreadable lines since the last record: each may have been the next record, or something put in between. */
  #unreadable = 0;
  /** After a number that did not follow, the one that follows it is as good. */
  #otherSequence = 0;
  /** The hash that the next record must link to, and a second one that is as good. Undefined: any. */
  #hash: string | undefined;
  #otherHash: string | undefined;

  constructor(start: 'beginning' | 'unknown') {
    this.#sequence = start === 'beginning' ? 1 : 0;
    this.#hash = start === 'beginning' ? '' : undefined;
  }

  check(sequence: number, previousHash: string): ChainFault | undefined {
    const follows = this.#follows(sequence);
    const linked = this.#hash === undefined || previousHash === this.#hash || previousHash === this.#otherHash;
    return follows && linked ? undefined : { expectedSequence: follows ? undefined : this.#sequence, linked };
  }

  /**
   * Goes on behind a record that could be read.
   *
   * @param written its record_hash as it stands there; empty when it has none
   * @param computed the hash of its bytes
   */
  advance(sequence: number, written: string, computed: string): void {
    const follows = this.#follows(sequence);
    this.#sequence = follows ? sequence + 1 : this.#sequence + this.#unreadable + 1;
    this.#otherSequence = sequence + 1;
    this.#unreadable = 0;
    this.#hash = computed;
    this.#otherHash = written === '' ? computed : written;
  }

  /** Goes on behind records that follow each other without a fault, the last of them with this number and hash. */
  leap(sequence: number, hash: string): void {
    this.#sequence = sequence + 1;
    this.#otherSequence = sequence + 1;
    this.#unreadable = 0;
    this.#hash = hash;
    this.#otherHash = hash;
  }

  /** Goes on behind a line that could not be read. */
  skip(): void {
    this.#unreadable += 1;
    this.#hash = undefined;
    this.#otherHash = undefined;
  }

  #follows(sequence: number): boolean {
    const first = this.#sequence;
    return (
      first === 0 || (sequence >= first && sequence <= first + this.#unreadable) || sequence === this.#otherSequence
    );
  }
}
