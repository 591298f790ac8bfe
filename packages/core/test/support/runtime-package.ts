import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A signed package of the tests' own, and ways to change it. */
export interface TestPackage {
  readonly folder: string;
  readonly publicKey: KeyObject;
  readonly publicKeyPem: string;
  /** Relative path of the program for `linux amd64`, or whatever was asked for. */
  readonly program: string;
  read(path: string): Buffer;
  write(path: string, content: string | Uint8Array): void;
  /** Signs a file as it is now. */
  sign(path: string, options?: SignOptions): void;
  /** Writes the checksums of these files, and signs them. */
  checksums(paths: readonly string[]): void;
  remove(): void;
}

export interface SignOptions {
  readonly privateKey?: KeyObject;
  readonly publicKey?: KeyObject;
  readonly members?: Readonly<Record<string, unknown>>;
}

export interface PackageOptions {
  readonly os?: string;
  readonly arch?: string;
  readonly content?: Uint8Array;
}

export function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function makePackage({ os = 'linux', arch = 'amd64', content }: PackageOptions = {}): TestPackage {
  const folder = mkdtempSync(join(tmpdir(), 'cavra-package-'));
  const keys = generateKeyPairSync('ed25519');
  const pemOf = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
  const program = `bin/cavra-runtime_1.4.0_${os}_${arch}${os === 'windows' ? '.exe' : ''}`;
  const made: TestPackage = {
    folder,
    publicKey: keys.publicKey,
    publicKeyPem: pemOf(keys.publicKey),
    program,
    read: (path) => readFileSync(join(folder, path)),
    write: (path, bytes) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    },
    sign: (path, { privateKey = keys.privateKey, publicKey = keys.publicKey, members = {} } = {}) => {
      const bytes = made.read(path);
      const pem = pemOf(publicKey);
      const signature = {
        schema_version: 'cavra.go-release.signature.v1',
        subject: path,
        subject_sha256: sha256(bytes),
        algorithm: 'Ed25519',
        key_id: 'release-2026',
        signer: 'release@example',
        public_key_sha256: sha256(pem),
        public_key_pem: pem,
        value: sign(null, bytes, privateKey).toString('base64'),
        ...members,
      };
      made.write(`${path}.sig.json`, JSON.stringify(signature));
    },
    checksums: (paths) => {
      made.write('checksums.txt', paths.map((path) => `${sha256(made.read(path))}  ${path}\n`).join(''));
      made.sign('checksums.txt');
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
  made.write(program, content ?? '#!/bin/sh\nexit 0\n');
  made.write('bin/cavra-runtime_1.4.0_darwin_arm64', 'another platform');
  made.write('cavra-runtime.installers.json', '{}');
  made.write('release-evidence.json', '{}');
  made.sign(program);
  made.sign('cavra-runtime.installers.json');
  made.checksums([program, 'bin/cavra-runtime_1.4.0_darwin_arm64', 'cavra-runtime.installers.json']);
  return made;
}
