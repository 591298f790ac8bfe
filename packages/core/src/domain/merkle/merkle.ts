import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';

/**
 * The Merkle tree of RFC 6962 section 2.1 (the same as RFC 9162 section 2.1) over SHA-256, in memory that grows with the logarithm of
 * its leaves. In checkpoints a leaf is the 32 bytes of a `record_hash` (design.md section 5.2).
 */

export const HASH_BYTES = 32;

const LEAF_PREFIX = 0x00;
const NODE_PREFIX = 0x01;

/** Prefix and two children: what is hashed nearly always fits, and one buffer is much faster than pieces. */
const scratch = Buffer.alloc(1 + 2 * HASH_BYTES);

/** Hash of one leaf: SHA-256 of 0x00 and the leaf's bytes; 32 bytes. */
export function leafHash(leaf: Uint8Array): Buffer {
  const length = leaf.length + 1;
  const input = length <= scratch.length ? scratch.subarray(0, length) : Buffer.alloc(length);
  input[0] = LEAF_PREFIX;
  input.set(leaf, 1);
  return sha256(input);
}

/** Hash of an inner node: SHA-256 of 0x01 and both children; 32 bytes each. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  scratch[0] = NODE_PREFIX;
  scratch.set(left, 1);
  scratch.set(right, 1 + HASH_BYTES);
  return sha256(scratch);
}

/** Root of the tree without leaves. */
export function emptyRoot(): Buffer {
  return sha256(Buffer.alloc(0));
}

/** Node makes a buffer from a string of bytes in half the time that it takes to hand out memory of its own. */
function sha256(bytes: Uint8Array): Buffer {
  return Buffer.from(hash('sha256', bytes, 'binary'), 'latin1');
}

/** The tree over the leaves [start, start + size). */
export interface Subtree {
  readonly start: number;
  readonly size: number;
  readonly hash: Buffer;
}

/** Is told of every two subtrees that become one, in the order in which that happens. */
export interface MergeObserver {
  /** Called after each leaf, with the complete subtrees so far, the largest first. */
  appended(size: number, subtrees: readonly Subtree[]): void;
  merged(left: Subtree, right: Subtree): void;
}

/** A tree that leaves are added to, one after the other. */
export class MerkleTree {
  /** Complete subtrees of falling size, one for each bit of the number of leaves. */
  readonly #subtrees: Subtree[] = [];
  readonly #observers: MergeObserver[] = [];
  #size = 0;

  /** Leaves so far. */
  get size(): number {
    return this.#size;
  }

  /** @param observer sees all leaves from the next on */
  observe(observer: MergeObserver): void {
    this.#observers.push(observer);
  }

  append(leaf: Uint8Array): void {
    let tree: Subtree = { start: this.#size, size: 1, hash: leafHash(leaf) };
    this.#size += 1;
    for (let left = this.#subtrees.at(-1); left?.size === tree.size; left = this.#subtrees.at(-1)) {
      this.#subtrees.pop();
      for (const observer of this.#observers) observer.merged(left, tree);
      tree = joined(left, tree);
    }
    this.#subtrees.push(tree);
    for (const observer of this.#observers) observer.appended(this.#size, this.#subtrees);
  }

  /** Root over the leaves so far; 32 bytes. */
  root(): Buffer {
    return rootOf(this.#subtrees);
  }

  /** Tells an observer of the merges that lead from the complete subtrees to the root, as if the tree ended here. */
  close(observer: MergeObserver): void {
    foldSubtrees(this.#subtrees, (left, right) => observer.merged(left, right));
  }
}

/** Root over complete subtrees of falling size. */
export function rootOf(subtrees: readonly Subtree[]): Buffer {
  return foldSubtrees(subtrees, () => undefined)?.hash ?? emptyRoot();
}

function foldSubtrees(
  subtrees: readonly Subtree[],
  merged: (left: Subtree, right: Subtree) => void,
): Subtree | undefined {
  return subtrees.reduceRight<Subtree | undefined>((right, left) => {
    if (right === undefined) return left;
    merged(left, right);
    return joined(left, right);
  }, undefined);
}

function joined(left: Subtree, right: Subtree): Subtree {
  return { start: left.start, size: left.size + right.size, hash: nodeHash(left.hash, right.hash) };
}
