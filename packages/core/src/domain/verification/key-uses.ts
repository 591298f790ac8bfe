import { MAX_REPORT_KEYS } from '../limits.ts';

const MAX_KEY_ID_CHARACTERS = 128;

/** How often one key id was named. */
export interface KeyCount {
  /** Cut when it is overlong. */
  readonly id: string;
  records: number;
}

/** Counts the key ids that a stream names: a hostile one can name another in every record, so only so many are told apart. */
export class KeyUses {
  readonly #counts = new Map<string, KeyCount>();
  readonly #others: KeyCount = { id: '', records: 0 };

  /** The count of `keyId`, to be added to. */
  of(keyId: string): KeyCount {
    const id = keyId.slice(0, MAX_KEY_ID_CHARACTERS);
    const known = this.#counts.get(id);
    if (known !== undefined) {
      return known;
    }
    if (this.#counts.size >= MAX_REPORT_KEYS) {
      return this.#others;
    }
    const count = { id, records: 0 };
    this.#counts.set(id, count);
    return count;
  }

  /** Whether all these ids can be told apart from the others that there are. */
  hasRoomFor(counts: readonly Readonly<KeyCount>[]): boolean {
    const added = counts.filter(({ id }) => !this.#counts.has(id)).length;
    return this.#counts.size + added <= MAX_REPORT_KEYS;
  }

  /** In the order in which they came. */
  get list(): readonly Readonly<KeyCount>[] {
    return [...this.#counts.values()];
  }

  /** Records that name an id beyond the limit. */
  get others(): number {
    return this.#others.records;
  }
}
