import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../../src/domain/diagnosis.ts';
import { runtimePlatform, runtimeProgram } from '../../../src/domain/runtime-package/platform.ts';
import { verifyPackage } from '../../../src/io/runtime/verify-package.ts';
import { refusalOf, rejectionOf } from '../../support/refusal.ts';
import { makePackage, sha256, type TestPackage } from '../../support/runtime-package.ts';

const LINUX = { os: 'linux', arch: 'amd64' } as const;
const OTHER = generateKeyPairSync('ed25519');

let made: TestPackage;
beforeEach(() => {
  made = makePackage();
});
afterEach(() => made.remove());

const verify = (platform: Parameters<typeof verifyPackage>[2] = LINUX) =>
  verifyPackage(made.folder, { keys: [made.publicKey] }, platform);

describe('a signed package', () => {
  it('holds, and gives the program for the platform', async () => {
    const verified = await verify();
    expect(verified).toMatchObject({
      signer: 'release@example',
      keyId: 'release-2026',
      program: {
        path: made.program,
        version: '1.4.0',
        os: 'linux',
        arch: 'amd64',
        sha256: sha256(made.read(made.program)),
      },
    });
    expect(verified.bytes.equals(made.read(made.program))).toBe(true);
    expect(verified.files.map(({ path, signed }) => [path, signed])).toEqual([
      [made.program, true],
      ['bin/cavra-runtime_1.4.0_darwin_arm64', false],
      ['cavra-runtime.installers.json', true],
    ]);
  });

  it('may be pinned by the digest of the public key alone', async () => {
    const pin = { keys: [], pemSha256: sha256(made.publicKeyPem) };
    expect((await verifyPackage(made.folder, pin, LINUX)).program.version).toBe('1.4.0');
  });

  it('may be reached by a link to its folder', async () => {
    const link = `${made.folder}-link`;
    symlinkSync(made.folder, link);
    expect((await verifyPackage(link, { keys: [made.publicKey] }, LINUX)).program.version).toBe('1.4.0');
    rmSync(link);
  });
});

describe('a package is refused', () => {
  const SPOILED: readonly (readonly [string, () => void, RegExp])[] = [
    ['with a changed program', () => made.write(made.program, 'evil'), /has the SHA-256/],
    [
      'with a changed program and its checksum',
      () => {
        made.write(made.program, 'evil');
        made.write('checksums.txt', `${sha256('evil')}  ${made.program}\n`);
      },
      /checksums\.txt\.sig\.json is about other content/,
    ],
    [
      'with a changed program, checksum and digest in the signature',
      () => {
        made.write(made.program, 'evil');
        made.write('checksums.txt', `${sha256('evil')}  ${made.program}\n`);
        const signature = JSON.parse(made.read('checksums.txt.sig.json').toString());
        signature.subject_sha256 = sha256(made.read('checksums.txt'));
        made.write('checksums.txt.sig.json', JSON.stringify(signature));
      },
      /does not match/,
    ],
    [
      'without signed checksums',
      () => rmSync(join(made.folder, 'checksums.txt.sig.json')),
      /checksums\.txt\.sig\.json is missing/,
    ],
    ['without checksums', () => rmSync(join(made.folder, 'checksums.txt')), /checksums\.txt is missing/],
    [
      'with the signature of another file',
      () => {
        made.write('checksums.txt.sig.json', made.read(`${made.program}.sig.json`));
      },
      /is the signature of another file/,
    ],
    [
      'with swapped signatures',
      () => {
        const [a, b] = [`${made.program}.sig.json`, 'cavra-runtime.installers.json.sig.json'];
        const first = made.read(a);
        made.write(a, made.read(b));
        made.write(b, first);
      },
      /is the signature of another file/,
    ],
    [
      'signed by the key that it carries, which nobody pinned',
      () => {
        for (const path of ['checksums.txt', made.program, 'cavra-runtime.installers.json']) {
          made.sign(path, OTHER);
        }
      },
      /by another key than the pinned one/,
    ],
    [
      'that names the pinned key and is signed by another',
      () => {
        made.sign('checksums.txt', { privateKey: OTHER.privateKey });
      },
      /does not match/,
    ],
    [
      'whose public key is not the one that it names',
      () => {
        made.sign('checksums.txt', { members: { public_key_sha256: '0'.repeat(64) } });
      },
      /not the one that it names/,
    ],
    ['of another algorithm', () => made.sign('checksums.txt', { members: { algorithm: 'none' } }), /algorithm/],
    ['of another version', () => made.sign('checksums.txt', { members: { schema_version: 'v0' } }), /version/],
    [
      'with a signature in another alphabet',
      () => {
        const { value } = JSON.parse(made.read('checksums.txt.sig.json').toString());
        made.sign('checksums.txt', { members: { value: `${value} ` } });
      },
      /does not match/,
    ],
    [
      'with a member twice',
      () => {
        const text = made.read('checksums.txt.sig.json').toString();
        made.write('checksums.txt.sig.json', text.replace('{', '{"subject":"x",'));
      },
      /cannot be read/,
    ],
    [
      'with a program’s own signature spoiled',
      () => {
        made.sign(made.program, { members: { value: Buffer.alloc(64).toString('base64') } });
      },
      /does not match/,
    ],
    [
      'with a program that the checksums do not name',
      () => made.write('bin/cavra-runtime_9.9.9_linux_amd64', 'evil'),
      /not in the checksums/,
    ],
    [
      'with a link as its program',
      () => {
        rmSync(join(made.folder, made.program));
        symlinkSync('/bin/true', join(made.folder, made.program));
      },
      /link or a special file/,
    ],
    [
      'with a link as its folder of programs',
      () => {
        renameSync(join(made.folder, 'bin'), `${made.folder}-bin`);
        symlinkSync(`${made.folder}-bin`, join(made.folder, 'bin'));
      },
      /link or a special file/,
    ],
    [
      'with a path that leads upwards',
      () => {
        made.write('checksums.txt', `${sha256('x')}  bin/../../escape\n`);
        made.sign('checksums.txt');
      },
      /not plain and within the package/,
    ],
    [
      'with an absolute path',
      () => {
        made.write('checksums.txt', `${sha256('x')}  /etc/passwd\n`);
        made.sign('checksums.txt');
      },
      /not plain and within the package/,
    ],
    [
      'with a path for Windows',
      () => {
        made.write('checksums.txt', `${sha256('x')}  bin\\..\\x\n`);
        made.sign('checksums.txt');
      },
      /not plain and within the package/,
    ],
    [
      'with checksums that are none',
      () => {
        made.write('checksums.txt', 'hello\n');
        made.sign('checksums.txt');
      },
      /line 1/,
    ],
    [
      'with a file named twice',
      () => {
        const line = `${sha256(made.read(made.program))}  ${made.program}\n`;
        made.write('checksums.txt', `${line}${line.replace('bin/', 'BIN/')}`);
        made.sign('checksums.txt');
      },
      /twice/,
    ],
    [
      'without a program for this platform',
      () => made.checksums(['bin/cavra-runtime_1.4.0_darwin_arm64', 'cavra-runtime.installers.json']),
      /no program for linux amd64/,
    ],
    [
      'with two programs for this platform',
      () => {
        const second = 'bin/cavra-runtime_1.5.0_linux_amd64';
        made.write(second, 'x');
        made.checksums([made.program, second]);
      },
      /2 programs for linux amd64/,
    ],
    ['with a name that hides', () => writeFileSync(join(made.folder, '.hidden'), ''), /not plain/],
    [
      'with a folder in the place of a file',
      () => {
        rmSync(join(made.folder, 'checksums.txt'));
        mkdirSync(join(made.folder, 'checksums.txt'));
      },
      /checksums\.txt/,
    ],
  ];

  it.each(SPOILED)('%s', async (_, spoil, message) => {
    spoil();
    const error = await rejectionOf(verify());
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ code: 'CAVRA-E233', message: expect.stringMatching(message) });
  });

  it('for another platform than its programs are for', async () => {
    expect(await rejectionOf(verify({ os: 'windows', arch: 'arm64' }))).toMatchObject({
      code: 'CAVRA-E233',
      message: expect.stringContaining('no program for windows arm64'),
    });
  });

  it('that is not there', async () => {
    const pin = { keys: [made.publicKey] };
    expect(await rejectionOf(verifyPackage(join(made.folder, 'no'), pin, LINUX))).toMatchObject({ code: 'CAVRA-E233' });
    expect(await rejectionOf(verifyPackage(join(made.folder, made.program), pin, LINUX))).toMatchObject({
      code: 'CAVRA-E233',
    });
  });

  it('with everything that is wrong in one message', async () => {
    made.write(made.program, 'evil');
    made.write('bin/extra', 'x');
    made.sign('cavra-runtime.installers.json', OTHER);
    const { message } = (await rejectionOf(verify())) as Error;
    expect(message).toMatch(/has the SHA-256/);
    expect(message).toMatch(/bin\/extra is not in the checksums/);
    expect(message).toMatch(/installers\.json\.sig\.json is by another key/);
  });
});

describe('platforms', () => {
  it('have the names of packages', () => {
    expect(runtimePlatform('linux', 'x64')).toEqual(LINUX);
    expect(runtimePlatform('win32', 'arm64')).toEqual({ os: 'windows', arch: 'arm64' });
    expect(refusalOf(() => runtimePlatform('aix', 'ppc64'))).toMatchObject({ code: 'CAVRA-E233' });
    expect(refusalOf(() => runtimePlatform('constructor', 'x64'))).toMatchObject({ code: 'CAVRA-E233' });
  });

  it.each([
    'bin/cavra-runtime_1_linux_amd64.exe',
    'bin/cavra-runtime_1_windows_amd64',
    'cavra-runtime_1_linux_amd64',
    'bin/cavra-runtime__linux_amd64',
    'bin/cavra-runtime_1_linux_mips',
  ])('%s is none of their programs', (path) => {
    expect(runtimeProgram(path)).toBeUndefined();
  });
});
