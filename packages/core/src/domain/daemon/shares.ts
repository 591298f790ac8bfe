/**
 * Shares a number of places out among owners: each may take places while more are free than it holds already. So no owner, and no few of
 * them, ever take all: the next one finds a place.
 */
export class Shares {
  readonly #places: number;
  readonly #held = new Map<string, number>();
  #taken = 0;

  constructor(places: number) {
    this.#places = places;
  }

  get taken(): number {
    return this.#taken;
  }

  hasRoom(owner: string): boolean {
    return (this.#held.get(owner) ?? 0) < this.#places - this.#taken;
  }

  take(owner: string): void {
    this.#held.set(owner, (this.#held.get(owner) ?? 0) + 1);
    this.#taken += 1;
  }

  giveBack(owner: string): void {
    const left = (this.#held.get(owner) ?? 0) - 1;
    if (left > 0) this.#held.set(owner, left);
    else this.#held.delete(owner);
    this.#taken -= 1;
  }
}
