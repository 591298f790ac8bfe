import { createHash } from 'node:crypto';
import { ConfigurationError } from '../../domain/diagnosis.ts';
import { MAX_LISTED_PROBLEMS, MAX_RUNTIME_BYTES, MAX_RUNTIME_PACKAGE_FILE_BYTES } from '../../domain/limits.ts';
import { type Checksum, parseChecksums } from '../../domain/runtime-package/checksums.ts';
import { type RuntimePlatform, type RuntimeProgram, runtimeProgram } from '../../domain/runtime-package/platform.ts';
import {
  checkPackageSignature,
  type PackagePin,
  type PackageSignature,
  parsePackageSignature,
} from '../../domain/runtime-package/signature.ts';
import { PackageFiles } from './package-files.ts';

/** A package that was verified. */
export interface VerifiedPackage {
  readonly files: readonly { readonly path: string; readonly sha256: string; readonly signed: boolean }[];
  readonly signer: string;
  readonly keyId: string;
  /** Of the public key's PEM text. */
  readonly publicKeySha256: string;
  /** The program for the platform, ... */
  readonly program: RuntimeProgram & { readonly sha256: string };
  /** ... and the very bytes that were verified. */
  readonly bytes: Buffer;
}

const CHECKSUMS = 'checksums.txt';
const SIGNATURE = '.sig.json';

/**
 * Verifies a signed runtime package whole (wire-format.md section 9): the checksums are signed by the pinned key, every file that they
 * name has its digest, every signature that is there holds, and nothing that could be run is not covered.
 *
 * @param path of its folder
 * @throws ConfigurationError CAVRA-E233 with everything that is wrong
 */
export async function verifyPackage(
  path: string,
  pin: PackagePin,
  platform: RuntimePlatform,
): Promise<VerifiedPackage> {
  const files = await PackageFiles.open(path);
  const names = await files.list();
  const problems: string[] = [];
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      problems.push(error.message);
      return undefined;
    }
  };
  const head = await attempt(() => readChecksums(files, pin));
  const checksums = head?.checksums ?? [];
  const wanted = chooseProgram(checksums, platform, problems);
  let bytes: Buffer | undefined;
  for (const checksum of checksums) {
    const content = await attempt(() => readChecked(files, checksum));
    if (checksum.path === wanted?.path) bytes = content;
  }
  const signed = await checkSignatures({ files, names, pin, attempt });
  problems.push(...uncovered(names, checksums));
  if (problems.length > 0 || head === undefined || wanted === undefined || bytes === undefined) {
    const rest = problems.length - MAX_LISTED_PROBLEMS;
    const shown = [...problems.slice(0, MAX_LISTED_PROBLEMS), ...(rest > 0 ? [`and ${rest} more`] : [])];
    throw new ConfigurationError('CAVRA-E233', shown.join('; '));
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return {
    files: checksums.map((each) => ({ ...each, signed: signed.has(each.path) })),
    signer: head.signature.signer,
    keyId: head.signature.key_id,
    publicKeySha256: head.signature.public_key_sha256,
    program: { ...wanted, sha256 },
    bytes,
  };
}

interface Head {
  readonly checksums: readonly Checksum[];
  readonly signature: PackageSignature;
}

/** Nothing of the package counts before this signature holds. */
async function readChecksums(files: PackageFiles, pin: PackagePin): Promise<Head> {
  const bytes = await files.read(CHECKSUMS, MAX_RUNTIME_PACKAGE_FILE_BYTES);
  const signature = await readSignature(files, CHECKSUMS);
  checkPackageSignature(signature, CHECKSUMS, bytes, pin);
  return { checksums: parseChecksums(bytes), signature };
}

async function readSignature(files: PackageFiles, path: string): Promise<PackageSignature> {
  const name = `${path}${SIGNATURE}`;
  return parsePackageSignature(await files.read(name, MAX_RUNTIME_PACKAGE_FILE_BYTES), name);
}

async function readChecked(files: PackageFiles, { path, sha256 }: Checksum): Promise<Buffer> {
  const bytes = await files.read(path, limitOf(path));
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) {
    throw new ConfigurationError('CAVRA-E233', `${path} has the SHA-256 ${found}, expected ${sha256}`);
  }
  return bytes;
}

/** Every signature that is there must hold, also where the checksums cover the file already. */
async function checkSignatures({ files, names, pin, attempt }: SignatureQuestion): Promise<ReadonlySet<string>> {
  const signed = new Set<string>();
  for (const name of names.filter((each) => each.endsWith(SIGNATURE))) {
    const path = name.slice(0, -SIGNATURE.length);
    if (path === CHECKSUMS) continue;
    await attempt(async () => {
      const signature = await readSignature(files, path);
      checkPackageSignature(signature, path, await files.read(path, limitOf(path)), pin);
      signed.add(path);
    });
  }
  return signed;
}

interface SignatureQuestion {
  readonly files: PackageFiles;
  readonly names: readonly string[];
  readonly pin: PackagePin;
  readonly attempt: <T>(work: () => Promise<T>) => Promise<T | undefined>;
}

function chooseProgram(
  checksums: readonly Checksum[],
  { os, arch }: RuntimePlatform,
  problems: string[],
): RuntimeProgram | undefined {
  const programs = checksums.flatMap(({ path }) => runtimeProgram(path) ?? []);
  const fitting = programs.filter((program) => program.os === os && program.arch === arch);
  if (fitting.length > 1) problems.push(`the package has ${fitting.length} programs for ${os} ${arch}, expected one`);
  if (fitting.length === 0) problems.push(`the package has no program for ${os} ${arch}`);
  return fitting[0];
}

function uncovered(names: readonly string[], checksums: readonly Checksum[]): readonly string[] {
  const covered = new Set(checksums.map(({ path }) => path));
  return names
    .filter((name) => name.startsWith('bin/') && !name.endsWith(SIGNATURE) && !covered.has(name))
    .map((name) => `${name} is not in the checksums`);
}

function limitOf(path: string): number {
  return path.startsWith('bin/') ? MAX_RUNTIME_BYTES : MAX_RUNTIME_PACKAGE_FILE_BYTES;
}
