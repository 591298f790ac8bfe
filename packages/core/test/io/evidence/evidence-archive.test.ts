import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigurationError, EvidenceError } from '../../../src/domain/diagnosis.ts';
import {
  CHECKPOINT_FILE,
  CLAIMS_FILE,
  claimsFileText,
  RESPONSE_FILE,
  responseFileText,
  STREAM_FILE,
  VERIFICATION_FILE,
} from '../../../src/domain/evidence/files.ts';
import { MAX_EVIDENCE_SIDE_FILE_BYTES } from '../../../src/domain/limits.ts';
import { openEvidenceSource } from '../../../src/io/evidence/evidence-source.ts';
import { verifyEvidence } from '../../../src/verify/verify.ts';
import { rejectionOf } from '../../support/refusal.ts';
import { IDENTITY, sealChain, stream, unsealed, VERIFICATION_KEY } from '../../support/streams.ts';
import { type ZipEntry, zip } from '../../support/zip.ts';

const LINES = sealChain([{}, {}, {}]);
const FILES: readonly ZipEntry[] = [
  { name: CLAIMS_FILE, data: claimsFileText(IDENTITY) },
  { name: RESPONSE_FILE, data: responseFileText(unsealed(1, '').response) },
  { name: STREAM_FILE, data: stream(LINES) },
  { name: VERIFICATION_FILE, data: '{}' },
];
const within = (folder: string) => FILES.map((file) => ({ ...file, name: `${folder}/${file.name}` }));

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cavra-archive-'));
  path = join(folder, 'artifact.zip');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function verify(bytes: Uint8Array) {
  writeFileSync(path, bytes);
  return verifyEvidence(
    { path, keys: [VERIFICATION_KEY], integrityOnly: false },
    { now: () => 0, verifier: { name: 'test', version: '1' }, openEvidence: openEvidenceSource },
  );
}

describe('a downloaded artifact', () => {
  it.each<[string, readonly ZipEntry[], string]>([
    ['as GitHub gives it', FILES, STREAM_FILE],
    ['as Azure gives it', within('evidence-1'), `evidence-1/${STREAM_FILE}`],
    [
      'as GitLab gives it',
      [
        { name: '.cavra/', data: '', stored: true, mode: 0o040755 },
        { name: '.cavra/go-daemon/', data: '', stored: true, mode: 0o040700 },
        ...within('.cavra/go-daemon'),
      ],
      `.cavra/go-daemon/${STREAM_FILE}`,
    ],
    ['without compression', FILES.map((file) => ({ ...file, stored: true })), STREAM_FILE],
    ['made where there are no modes', FILES.map((file) => ({ ...file, mode: 0 })), STREAM_FILE],
  ])('verifies %s', async (_, entries, name) => {
    const { report, failure } = await verify(zip(entries));
    expect(failure).toBeUndefined();
    expect(report).toMatchObject({ path: `${path}/${name}`, valid: true, records: 3, findings: [] });
  });

  it('shows a change in it', async () => {
    const changed = FILES.map((file) => ({ ...file, data: String(file.data).replace('"allow"', '"block"') }));
    const { failure } = await verify(zip(changed));
    expect(failure).toMatchObject({ code: 'CAVRA-E401' });
  });

  it('is known by what it is, not by its name', async () => {
    path = join(folder, 'artifact');
    expect((await verify(zip(FILES))).failure).toBeUndefined();
  });
});

const link: ZipEntry = { name: CLAIMS_FILE, data: '/etc/passwd', mode: 0o120777 };
const [claims, response, evidence] = FILES as [ZipEntry, ZipEntry, ZipEntry];

describe.each<[string, readonly ZipEntry[], RegExp]>([
  ['a file that is not the gate’s', [...FILES, { name: 'README.md', data: 'x' }], /not a file of the gate/],
  ['a file beside the folder', [...within('a'), { name: CHECKPOINT_FILE, data: '{}' }], /more than one folder/],
  ['two folders of evidence', [...within('a'), ...within('b')], /in it twice/],
  ['a file twice', [...FILES, claims], /in it twice/],
  [
    'a file twice under other case',
    [...FILES, { ...claims, name: CLAIMS_FILE.toUpperCase() }],
    /not a file of the gate/,
  ],
  ['a link', [link, response, evidence], /link or another special file/],
  ['a device', [{ ...claims, mode: 0o020644 }, response, evidence], /special file/],
  [
    'a folder with the name of a file',
    [{ name: `${STREAM_FILE}/`, data: '', stored: true }, claims],
    /special file|not a folder/,
  ],
  [
    'a stray folder',
    [...within('a'), { name: 'b/', data: '', stored: true, mode: 0o040755 }],
    /not a folder of the evidence/,
  ],
  ['an encrypted file', [{ ...claims, flags: 1 }, response, evidence], /encrypted/],
  ['another compression', [{ ...claims, method: 12 }, response, evidence], /unusual/],
  ['two names for one file', [{ ...claims, localName: 'runner-auth-claims.jsoX' }, response, evidence], /two headers/],
  ['a bomb', [claims, response, { ...evidence, data: Buffer.alloc(8 * 1024 * 1024) }], /times as large/],
  [
    'a side file of any size',
    [{ ...claims, size: MAX_EVIDENCE_SIDE_FILE_BYTES + 1, data: Buffer.alloc(1024 * 1024, 'ab') }, response, evidence],
    /times as large|larger than/,
  ],
  [
    'more entries than the gate has files',
    [
      ...FILES,
      ...Array.from({ length: 70 }, (_, index) => ({ name: `${'d/'.repeat(index + 1)}`, data: '', stored: true })),
    ],
    /74 entries/,
  ],
])('an artifact with %s', (_, entries, message) => {
  it('is refused', async () => {
    const refusal = await rejectionOf(verify(zip(entries)));
    expect(refusal).toBeInstanceOf(EvidenceError);
    expect(refusal).toMatchObject({ code: 'CAVRA-E401', message: expect.stringMatching(message) });
  });
});

describe('what is no artifact', () => {
  it('has no stream', async () => {
    const refusal = await rejectionOf(verify(zip([claims, response])));
    expect(refusal).toBeInstanceOf(EvidenceError);
    expect(refusal).toMatchObject({ code: 'CAVRA-E403' });
  });

  it.each<[string, Uint8Array]>([
    ['cut', zip(FILES).subarray(0, -30)],
    ['without its directory', zip(FILES).subarray(0, 200)],
    ['a beginning alone', Buffer.from('PK\u0003\u0004')],
    ['with names that lead out', zip([{ ...claims, name: `../${CLAIMS_FILE}` }, response, evidence])],
    ['with absolute names', zip([{ ...claims, name: `/tmp/${CLAIMS_FILE}` }, response, evidence])],
    ['with backslashes', zip([{ ...claims, name: `a\\${CLAIMS_FILE}` }, response, evidence])],
    ['with a stream that is larger than it says', zip([claims, response, { ...evidence, size: 10 }])],
    ['with a stream that is smaller than it says', zip([claims, response, { ...evidence, size: 100_000 }])],
  ])('is %s', async (_, bytes) => {
    const refusal = await rejectionOf(verify(bytes));
    expect(refusal).toBeInstanceOf(ConfigurationError);
    expect(refusal).toMatchObject({ code: 'CAVRA-E216' });
  });

  it('is a link to one', async () => {
    writeFileSync(join(folder, 'real.zip'), zip(FILES));
    symlinkSync(join(folder, 'real.zip'), path);
    const refusal = await rejectionOf(openEvidenceSource(path));
    expect(refusal).toMatchObject({ code: 'CAVRA-E216', message: expect.stringMatching(/is a link/) });
  });

  it('is damaged at any place: refused with a code, or found invalid, or as it was', async () => {
    const good = zip(FILES);
    for (let at = 0; at < good.length; at += 13) {
      const bytes = Buffer.from(good);
      bytes[at] = (bytes[at] ?? 0) ^ 0x11;
      try {
        await verify(bytes);
      } catch (error) {
        if (!(error instanceof EvidenceError) && !(error instanceof ConfigurationError)) throw error;
      }
    }
  });
});
