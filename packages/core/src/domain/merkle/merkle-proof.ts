import { Buffer } from 'node:buffer';
import { HASH_BYTES, type MergeObserver, type MerkleTree, nodeHash, rootOf, type Subtree } from './merkle.ts';

/** A proof is at most as long as a tree of 2^53 leaves is high, and one more. */
export const MAX_PROOF_HASHES = 54;

/** Collects the hashes beside the way from one leaf, or the subtree that ends with it, up to the root. */
class PathCollector implements MergeObserver {
  readonly path: Buffer[] = [];
  readonly #index: number;
  #collects: boolean;

  constructor(index: number, collects: boolean) {
    this.#index = index;
    this.#collects = collects;
  }

  start(): void {
    this.#collects = true;
  }

  appended(): void {}

  merged(left: Subtree, right: Subtree): void {
    if (!this.#collects || this.#index < left.start || this.#index >= right.start + right.size) return;
    this.path.push(this.#index < right.start ? right.hash : left.hash);
  }

  /** The path so far and the rest up to the root of the tree as it is. */
  toRoot(tree: MerkleTree): readonly Buffer[] {
    const rest = new PathCollector(this.#index, true);
    tree.close(rest);
    return [...this.path, ...rest.path];
  }
}

/** Makes the proof that one leaf is in a tree, while the tree grows (RFC 6962 section 2.1.1). */
export class InclusionProver {
  readonly #tree: MerkleTree;
  readonly #collector: PathCollector;

  /** @param index of the leaf, from 0; it must not be in the tree yet */
  constructor(tree: MerkleTree, index: number) {
    this.#tree = tree;
    this.#collector = new PathCollector(index, true);
    tree.observe(this.#collector);
  }

  /** The audit path to the root of the tree as it is, from the leaf up; 32 bytes each. */
  proof(): readonly Buffer[] {
    return this.#collector.toRoot(this.#tree);
  }
}

/** Remembers the roots at some sizes. */
export class RootRecorder implements MergeObserver {
  readonly #sizes: ReadonlySet<number>;
  readonly #roots = new Map<number, Buffer>();

  /** @param sizes more than the tree has leaves now */
  constructor(tree: MerkleTree, sizes: readonly number[]) {
    this.#sizes = new Set(sizes);
    if (sizes.length > 0) tree.observe(this);
  }

  appended(size: number, subtrees: readonly Subtree[]): void {
    if (this.#sizes.has(size)) this.#roots.set(size, rootOf(subtrees));
  }

  merged(): void {}

  /** Root of the tree when it had that size; undefined: it never had, or was not asked to be remembered. */
  rootAt(size: number): Buffer | undefined {
    return this.#roots.get(size);
  }
}

/** Remembers the root at one size, and makes the proof that the tree only grew since (RFC 6962 section 2.1.2). */
export class ConsistencyProver implements MergeObserver {
  readonly #tree: MerkleTree;
  readonly #size: number;
  readonly #collector: PathCollector;
  #root: Buffer | undefined;
  /** The smallest complete subtree at that size. */
  #last: Subtree | undefined;

  /** @param size from 1; more than the tree has leaves now */
  constructor(tree: MerkleTree, size: number) {
    this.#tree = tree;
    this.#size = size;
    this.#collector = new PathCollector(size - 1, false);
    tree.observe(this.#collector);
    tree.observe(this);
  }

  appended(size: number, subtrees: readonly Subtree[]): void {
    if (size !== this.#size) return;
    this.#root = rootOf(subtrees);
    this.#last = subtrees.at(-1);
    this.#collector.start();
  }

  merged(): void {}

  /** Root of the tree when it had that size; undefined: it never had. */
  get root(): Buffer | undefined {
    return this.#root;
  }

  /** Proof from that size to the tree as it is; undefined: it never had that size. */
  proof(): readonly Buffer[] | undefined {
    if (this.#last === undefined) return undefined;
    if (this.#tree.size === this.#size) return [];
    const path = this.#collector.toRoot(this.#tree);
    // A tree that was complete is a subtree still, and the verifier has its root.
    return this.#last.size === this.#size ? path : [this.#last.hash, ...path];
  }
}

/** What an inclusion proof is about. Hashes have 32 bytes. */
export interface Inclusion {
  /** From 0. */
  readonly index: number;
  readonly size: number;
  readonly leaf: Uint8Array;
  readonly path: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** Whether a path proves that a leaf's hash is in the tree of this root (RFC 9162 section 2.1.3.2). */
export function verifyInclusion({ index, size, leaf, path, root }: Inclusion): boolean {
  if (!isCount(index) || !isCount(size) || index >= size || !areHashes([leaf, root, ...path])) return false;
  let [node, last] = [index, size - 1];
  let hash = leaf;
  for (const sibling of path) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      hash = nodeHash(sibling, hash);
      [node, last] = skipLeftEdges(node, last);
    } else {
      hash = nodeHash(hash, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && isSame(hash, root);
}

/** What a consistency proof is about. Hashes have 32 bytes. */
export interface Consistency {
  readonly firstSize: number;
  readonly firstRoot: Uint8Array;
  readonly secondSize: number;
  readonly secondRoot: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/** Whether a path proves that the second tree is the first with more leaves behind (RFC 9162 section 2.1.4.2). */
export function verifyConsistency({ firstSize, firstRoot, secondSize, secondRoot, path }: Consistency): boolean {
  if (!isCount(firstSize) || !isCount(secondSize) || firstSize < 1 || firstSize > secondSize) return false;
  if (!areHashes([firstRoot, secondRoot, ...path])) return false;
  if (firstSize === secondSize) return path.length === 0 && isSame(firstRoot, secondRoot);
  const [start, ...rest] = isPowerOfTwo(firstSize) ? [firstRoot, ...path] : path;
  if (start === undefined || path.length === 0) return false;
  let [node, last] = [firstSize - 1, secondSize - 1];
  while (isOdd(node)) [node, last] = [half(node), half(last)];
  let [first, second] = [start, start];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      first = nodeHash(sibling, first);
      second = nodeHash(sibling, second);
      [node, last] = skipLeftEdges(node, last);
    } else {
      second = nodeHash(second, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && isSame(first, firstRoot) && isSame(second, secondRoot);
}

/** The last node of a level has no sibling on its right: it goes up as it is until it has one on its left. */
function skipLeftEdges(node: number, last: number): [node: number, last: number] {
  let at: [number, number] = [node, last];
  while (!isOdd(at[0]) && at[0] !== 0) at = [half(at[0]), half(at[1])];
  return at;
}

// Counts may be beyond 2^31, where the operators on bits end.
function isOdd(count: number): boolean {
  return count % 2 === 1;
}

function half(count: number): number {
  return Math.floor(count / 2);
}

function isPowerOfTwo(count: number): boolean {
  return Number.isInteger(Math.log2(count)) && 2 ** Math.log2(count) === count;
}

function isCount(count: number): boolean {
  return Number.isSafeInteger(count) && count >= 0;
}

function areHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.length <= MAX_PROOF_HASHES + 2 && hashes.every(({ length }) => length === HASH_BYTES);
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
