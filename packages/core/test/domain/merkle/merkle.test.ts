import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { emptyRoot, leafHash, MerkleTree } from '../../../src/domain/merkle/merkle.ts';
import {
  ConsistencyProver,
  InclusionProver,
  verifyConsistency,
  verifyInclusion,
} from '../../../src/domain/merkle/merkle-proof.ts';
import { naiveConsistency, naivePath, naiveRoot } from '../checkpoint/naive-merkle.ts';

/** The leaves and results with which the implementations of Certificate Transparency test themselves. */
const REFERENCE_LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((hex) => Buffer.from(hex, 'hex'));
const REFERENCE_ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const A = '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7';
const B = '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e';
const C = '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4';
const D = 'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b';
const E = 'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0';
const F = '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a';
const INCLUSION_PROOFS: readonly [index: number, size: number, path: readonly string[]][] = [
  [0, 1, []],
  [0, 8, [A, B, C]],
  [5, 8, [D, E, REFERENCE_ROOTS[3] ?? '']],
  [2, 3, [REFERENCE_ROOTS[1] ?? '']],
  [1, 5, [REFERENCE_ROOTS[0] ?? '', B, D]],
];
const CONSISTENCY_PROOFS: readonly [first: number, second: number, path: readonly string[]][] = [
  [1, 1, []],
  [1, 8, [A, B, C]],
  [6, 8, [F, E, REFERENCE_ROOTS[3] ?? '']],
  [2, 5, [B, D]],
];

function treeOf(leaves: readonly Uint8Array[]): MerkleTree {
  const tree = new MerkleTree();
  for (const leaf of leaves) tree.append(leaf);
  return tree;
}

function prove(leaves: readonly Uint8Array[], index: number): readonly Buffer[] {
  const tree = new MerkleTree();
  const prover = new InclusionProver(tree, index);
  for (const leaf of leaves) tree.append(leaf);
  return prover.proof();
}

function proveGrowth(leaves: readonly Uint8Array[], size: number) {
  const tree = new MerkleTree();
  const prover = new ConsistencyProver(tree, size);
  for (const leaf of leaves) tree.append(leaf);
  return { root: prover.root, path: prover.proof() };
}

const hexes = (hashes: readonly Uint8Array[] | undefined) => hashes?.map((hash) => Buffer.from(hash).toString('hex'));
const unhex = (hex: string) => Buffer.from(hex, 'hex');

describe('the published vectors of Certificate Transparency', () => {
  it('root of nothing', () => {
    expect(emptyRoot().toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(new MerkleTree().root()).toEqual(emptyRoot());
  });

  it.each(REFERENCE_ROOTS.map((root, index) => [index + 1, root]))('root over %d leaves', (size, root) => {
    expect(
      treeOf(REFERENCE_LEAVES.slice(0, Number(size)))
        .root()
        .toString('hex'),
    ).toBe(root);
  });

  it.each(INCLUSION_PROOFS)('inclusion of leaf %d of %d', (index, size, path) => {
    expect(hexes(prove(REFERENCE_LEAVES.slice(0, size), index))).toEqual(path);
    const proof = {
      index,
      size,
      leaf: leafHash(REFERENCE_LEAVES[index] ?? Buffer.alloc(0)),
      path: path.map(unhex),
      root: unhex(REFERENCE_ROOTS[size - 1] ?? ''),
    };
    expect(verifyInclusion(proof)).toBe(true);
  });

  it.each(CONSISTENCY_PROOFS)('consistency of %d leaves with %d', (first, second, path) => {
    const { root, path: proven } = proveGrowth(REFERENCE_LEAVES.slice(0, second), first);
    expect(hexes(proven)).toEqual(path);
    expect(root?.toString('hex')).toBe(REFERENCE_ROOTS[first - 1]);
    const proof = {
      firstSize: first,
      firstRoot: unhex(REFERENCE_ROOTS[first - 1] ?? ''),
      secondSize: second,
      secondRoot: unhex(REFERENCE_ROOTS[second - 1] ?? ''),
      path: path.map(unhex),
    };
    expect(verifyConsistency(proof)).toBe(true);
  });
});

/** The 32 bytes that a record's hash has. */
const LEAVES = Array.from({ length: 37 }, (_, index) => createHash('sha256').update(`record ${index}`).digest());

describe('every tree of up to 37 leaves, as RFC 6962 defines it', () => {
  it.each(Array.from({ length: 38 }, (_, size) => [size]))('%d leaves', (size) => {
    const leaves = LEAVES.slice(0, size);
    const root = treeOf(leaves).root();
    expect(root).toEqual(naiveRoot(leaves));
    for (const [index, leaf] of leaves.entries()) {
      const path = prove(leaves, index);
      expect(path).toEqual(naivePath(index, leaves));
      expect(verifyInclusion({ index, size, leaf: leafHash(leaf), path, root })).toBe(true);
      const first = index + 1;
      const growth = proveGrowth(leaves, first);
      const firstRoot = naiveRoot(leaves.slice(0, first));
      expect(growth.path).toEqual(naiveConsistency(first, leaves));
      expect(growth.root).toEqual(firstRoot);
      const consistency = { firstSize: first, firstRoot, secondSize: size, secondRoot: root, path: growth.path ?? [] };
      expect(verifyConsistency(consistency)).toBe(true);
    }
  });

  it('has no earlier size to prove that it never had', () => {
    expect(proveGrowth(LEAVES.slice(0, 3), 4)).toEqual({ root: undefined, path: undefined });
  });
});

describe('a proof that is not one', () => {
  const size = 13;
  const leaves = LEAVES.slice(0, size);
  const root = naiveRoot(leaves);
  const flipped = (bytes: Uint8Array) => Buffer.from(bytes).fill((bytes[5] ?? 0) ^ 1, 5, 6);

  it('of inclusion: another index, size, leaf or root, and any hash changed, cut, added or moved', () => {
    for (const [index, bytes] of leaves.entries()) {
      const path = prove(leaves, index);
      const good = { index, size, leaf: leafHash(bytes), path, root };
      const swapped = path.length > 1 ? [[path[1] ?? root, path[0] ?? root, ...path.slice(2)]] : [];
      const paths = [
        ...path.map((hash, at) => path.with(at, flipped(hash))),
        ...path.map((_, at) => path.filter((_each, each) => each !== at)),
        ...swapped,
        [...path, root],
        [root, ...path],
        path.map((hash) => hash.subarray(0, 31)),
        [],
      ];
      for (const wrong of paths) expect(verifyInclusion({ ...good, path: wrong })).toBe(false);
      expect(verifyInclusion({ ...good, leaf: bytes })).toBe(false);
      expect(verifyInclusion({ ...good, leaf: flipped(good.leaf) })).toBe(false);
      expect(verifyInclusion({ ...good, root: flipped(root) })).toBe(false);
      for (const other of [-1, 0.5, size, 2 ** 53, Number.NaN, (index + 1) % size]) {
        expect(verifyInclusion({ ...good, index: other })).toBe(false);
      }
      for (const other of [0, -1, index, 2 ** 53, Number.POSITIVE_INFINITY]) {
        expect(verifyInclusion({ ...good, size: other })).toBe(false);
      }
    }
  });

  it('of consistency: another size or root, and any hash changed, cut, added or moved', () => {
    for (let first = 1; first < size; first += 1) {
      const path = naiveConsistency(first, leaves);
      const good = {
        firstSize: first,
        firstRoot: naiveRoot(leaves.slice(0, first)),
        secondSize: size,
        secondRoot: root,
      };
      const paths = [
        ...path.map((hash, at) => path.with(at, flipped(hash))),
        ...path.map((_, at) => path.filter((_each, each) => each !== at)),
        [...path, root],
        [root, ...path],
        [],
      ];
      for (const wrong of paths) expect(verifyConsistency({ ...good, path: wrong })).toBe(false);
      expect(verifyConsistency({ ...good, path, firstRoot: flipped(good.firstRoot) })).toBe(false);
      expect(verifyConsistency({ ...good, path, secondRoot: flipped(root) })).toBe(false);
      for (const other of [0, -1, size + 1, 1.5, Number.NaN]) {
        expect(verifyConsistency({ ...good, path, firstSize: other })).toBe(false);
      }
    }
  });

  it('of a tree with itself that has another root', () => {
    const same = { firstSize: size, firstRoot: root, secondSize: size, secondRoot: root };
    expect(verifyConsistency({ ...same, path: [] })).toBe(true);
    expect(verifyConsistency({ ...same, path: [root] })).toBe(false);
    expect(verifyConsistency({ ...same, firstRoot: flipped(root), path: [] })).toBe(false);
  });

  it('of a path longer than any tree is high', () => {
    const path = Array.from({ length: 10_000 }, () => root);
    expect(verifyInclusion({ index: 0, size: 2 ** 53 - 1, leaf: root, path, root })).toBe(false);
    expect(verifyConsistency({ firstSize: 1, firstRoot: root, secondSize: 2 ** 53 - 1, secondRoot: root, path })).toBe(
      false,
    );
  });
});

it('grows a million leaves in the memory of a few', () => {
  const tree = new MerkleTree();
  const leaf = Buffer.alloc(32);
  const prover = new InclusionProver(tree, 777_777);
  const growth = new ConsistencyProver(tree, 654_321);
  for (let index = 0; index < 1_000_000; index += 1) {
    leaf.writeUInt32BE(index, 0);
    tree.append(leaf);
  }
  leaf.writeUInt32BE(777_777, 0);
  const root = tree.root();
  const [path, consistency] = [prover.proof(), growth.proof() ?? []];
  expect(path.length).toBeLessThanOrEqual(20);
  expect(verifyInclusion({ index: 777_777, size: tree.size, leaf: leafHash(leaf), path, root })).toBe(true);
  const firstRoot = growth.root ?? Buffer.alloc(32);
  expect(
    verifyConsistency({ firstSize: 654_321, firstRoot, secondSize: tree.size, secondRoot: root, path: consistency }),
  ).toBe(true);
});
