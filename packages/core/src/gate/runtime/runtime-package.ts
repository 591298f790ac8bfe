import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { ConfigurationError } from '../../domain/diagnosis.ts';
import { ed25519PublicKeys } from '../../domain/keys/ed25519.ts';
import { MAX_PUBLIC_KEY_FILE_BYTES } from '../../domain/limits.ts';
import { runtimePlatform } from '../../domain/runtime-package/platform.ts';
import { type PackagePin, pinnedDigest } from '../../domain/runtime-package/signature.ts';
import { FileProblem, readRegularFile } from '../../io/files/read-regular-file.ts';
import { readProgram } from '../../io/runtime/package-files.ts';
import { type VerifiedPackage, verifyPackage } from '../../io/runtime/verify-package.ts';
import type { GateSettings } from '../../settings/gate-settings.ts';

/** What `runtime verify` says of a package that holds. */
export interface RuntimePackageReport {
  readonly package: string;
  readonly version: string;
  readonly os: string;
  readonly arch: string;
  readonly program: { readonly path: string; readonly sha256: string };
  readonly key_id: string;
  readonly signer: string;
  readonly public_key_sha256: string;
  readonly files: VerifiedPackage['files'];
}

export interface VerifyRuntimeOptions {
  /** As given. */
  readonly path: string;
  /** File with the pinned public key in PEM, or with the SHA-256 of its PEM text. */
  readonly publicKey: string;
  /** Absolute. */
  readonly workingDirectory: string;
  /** As Node names them. */
  readonly platform: string;
  readonly arch: string;
}

/**
 * Verifies a signed runtime package, as the gate does before it runs a program of it.
 *
 * @throws ConfigurationError CAVRA-E233 with everything that is wrong, CAVRA-E223 the public key
 */
export async function verifyRuntimePackage(options: VerifyRuntimeOptions): Promise<RuntimePackageReport> {
  const { path, publicKey, workingDirectory, platform, arch } = options;
  const pin = await readPackagePin(resolve(workingDirectory, publicKey), publicKey);
  const verified = await verifyPackage(resolve(workingDirectory, path), pin, runtimePlatform(platform, arch));
  const { program, files, keyId, signer, publicKeySha256 } = verified;
  return {
    package: path,
    version: program.version,
    os: program.os,
    arch: program.arch,
    program: { path: program.path, sha256: program.sha256 },
    key_id: keyId,
    signer,
    public_key_sha256: publicKeySha256,
    files,
  };
}

/** A program that is what the configuration pins. */
export interface PinnedProgram {
  readonly bytes: Uint8Array;
  readonly sha256: string;
  /** For people: what it is and by what it is pinned. */
  readonly description: string;
}

/**
 * Gets the external runtime of a run, when everything that pins it holds: its digest, and the signed package where one is given.
 *
 * @throws ConfigurationError CAVRA-E218 it has another digest than the pinned one, CAVRA-E233 the package, CAVRA-E223 the public key
 */
export async function loadPinnedProgram(settings: GateSettings, workspace: string): Promise<PinnedProgram> {
  const signed = await loadPackage(settings, workspace);
  const bytes =
    settings.runtime === 'embedded' ? signed?.bytes : await readProgram(resolve(workspace, settings.runtime));
  if (bytes === undefined) throw new ConfigurationError('CAVRA-E232', 'no external runtime is named');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const pins = [settings.runtimeSha256, signed?.program.sha256].filter((pin) => pin !== undefined);
  const other = pins.find((pin) => pin !== sha256);
  if (pins.length === 0) throw new ConfigurationError('CAVRA-E232', 'nothing pins the external runtime');
  if (other !== undefined) {
    throw new ConfigurationError('CAVRA-E218', `the runtime has the SHA-256 ${sha256}, expected ${other}`);
  }
  const by =
    signed === undefined ? 'pinned by its digest' : `version ${signed.program.version}, signed by ${signed.keyId}`;
  return { bytes, sha256, description: `external runtime ${sha256.slice(0, 12)}…, ${by}` };
}

async function loadPackage(settings: GateSettings, workspace: string): Promise<VerifiedPackage | undefined> {
  const { runtimePackage, runtimePublicKey } = settings;
  if (runtimePackage === undefined || runtimePublicKey === undefined) return undefined;
  const pin = await readPackagePin(resolve(workspace, runtimePublicKey), runtimePublicKey);
  return verifyPackage(resolve(workspace, runtimePackage), pin, runtimePlatform(process.platform, process.arch));
}

async function readPackagePin(path: string, name: string): Promise<PackagePin> {
  const text = await readText(path, name);
  const pemSha256 = pinnedDigest(text);
  return pemSha256 === undefined ? { keys: ed25519PublicKeys(text, `the file ${name}`) } : { keys: [], pemSha256 };
}

async function readText(path: string, name: string): Promise<string> {
  try {
    return Buffer.from(await readRegularFile(path, MAX_PUBLIC_KEY_FILE_BYTES)).toString('latin1');
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    throw new ConfigurationError('CAVRA-E223', `the file ${name} ${error.message}`, { cause: error });
  }
}
