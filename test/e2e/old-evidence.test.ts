import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVerifier, EvidenceError, type VerificationReport } from '@cavra/release-governance-core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readRepositoryFile, root } from '../support/repository.ts';

const FIXTURES = join(root, 'test/fixtures/evidence');
const STREAM = 'release-governance-evidence.jsonl';
const REPORT = 'release-governance-evidence-verification.json';
const CHECKPOINT = 'release-governance-checkpoint.sigstore.json';

const versions = readdirSync(FIXTURES);
const runs = versions.flatMap((version) =>
  readdirSync(join(FIXTURES, version), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => ({ version, run: entry.name, folder: join(FIXTURES, version, entry.name) })),
);
const sealed = runs.filter(({ folder }) => readdirSync(folder).includes(CHECKPOINT));

/** Verifies with what an auditor has years later: the keyring with its secrets, or the public key alone. */
function verify(version: string, path: string, by: 'keyring' | 'public key', against: readonly string[] = []) {
  const workingDirectory = join(FIXTURES, version);
  const secrets = JSON.parse(readFileSync(join(workingDirectory, 'secrets.json'), 'utf8')) as Record<string, string>;
  return createVerifier({
    environment: by === 'keyring' ? secrets : {},
    workingDirectory,
    keyring: by === 'keyring' ? 'keyring.json' : undefined,
    ...(by === 'keyring' ? {} : { publicKeys: ['attestation.pub.pem'] }),
    now: () => Date.UTC(2035, 0, 1),
    version: '99.0.0',
  }).verify({ path, integrityOnly: false, against });
}

/** What of a report does not depend on who verified it, where, and with which keys. */
function facts({
  records,
  head_hash,
  stream_id,
  sha256,
  first_timestamp,
  last_timestamp,
  signed_records,
}: VerificationReport) {
  return { records, head_hash, stream_id, sha256, first_timestamp, last_timestamp, signed_records };
}

it('there is evidence of every version that was released', () => {
  const released = [...readRepositoryFile('CHANGELOG.md').matchAll(/^## \[(\d+\.\d+\.\d+)\]/gm)].map(
    ([, version]) => version,
  );
  const { version } = JSON.parse(readRepositoryFile('package.json')) as { readonly version: string };
  // That of the newest is written by its own bundles, and comes with the next commit.
  expect(versions).toEqual(expect.arrayContaining(released.filter((each) => each !== version)));
  expect(versions).toContain('0.1.0');
  expect(runs.length).toBeGreaterThanOrEqual(5);
});

describe.each(runs)('evidence of $version, $run', ({ version, folder }) => {
  const written = JSON.parse(readFileSync(join(folder, REPORT), 'utf8')) as VerificationReport;

  it('verifies by the keyring', async () => {
    const { report, failure } = await verify(version, folder, 'keyring');
    expect(failure).toBeUndefined();
    expect(report).toMatchObject({ valid: true, errors: [], signatures: 'checked', tail: written.tail });
    expect(facts(report)).toEqual(facts(written));
    expect(report.checkpoint_details).toEqual(written.checkpoint_details);
  });

  it('has a report that this version understands', async () => {
    const { report } = await verify(version, folder, 'keyring');
    expect(written.schema_version).toBe(report.schema_version);
    expect(Object.keys(written).slice(0, 5)).toEqual(['path', 'valid', 'records', 'signed_records', 'errors']);
    expect(Object.keys(report)).toEqual(expect.arrayContaining(Object.keys(written)));
  });
});

describe.each(sealed)('the checkpoint of $version, $run', ({ version, folder }) => {
  it('verifies by the public key alone', async () => {
    const { report, failure } = await verify(version, folder, 'public key');
    expect(failure).toBeUndefined();
    expect(report).toMatchObject({ valid: true, checkpoint: 'valid', tail: 'sealed' });
  });
});

describe.each(versions)('the stream of %s that grew', (version) => {
  it('still holds on to its earlier checkpoint', async () => {
    const { report, failure } = await verify(version, join(FIXTURES, version, 'steps'), 'public key', [
      'steps-first.sigstore.json',
    ]);
    expect(failure).toBeUndefined();
    expect(report.tail).toBe('anchored');
  });

  it('is not held by that of another run', async () => {
    const other = join('allow', CHECKPOINT);
    const { failure } = await verify(version, join(FIXTURES, version, 'steps'), 'public key', [other]);
    expect(failure).toBeInstanceOf(EvidenceError);
    expect(failure?.code).toBe('CAVRA-E401');
  });
});

describe('what was changed since does not verify', () => {
  let copies: string;

  beforeAll(() => {
    copies = mkdtempSync(join(tmpdir(), 'cavra-fixtures-'));
  });

  afterAll(() => rmSync(copies, { recursive: true }));

  it.each(runs)('in $version, $run', async ({ version, run, folder }) => {
    const copy = join(copies, `${version}-${run}`);
    cpSync(folder, copy, { recursive: true });
    const stream = readFileSync(join(copy, STREAM), 'utf8');
    writeFileSync(join(copy, STREAM), stream.replace('"target":"p', '"target":"P'));
    expect((await verify(version, copy, 'keyring')).failure?.code).toBe('CAVRA-E401');
    if (!readdirSync(copy).includes(CHECKPOINT)) return;
    // A stream that was made anew is no better: it is not the one that was sealed.
    writeFileSync(join(copy, STREAM), stream.slice(0, stream.indexOf('\n') + 1).repeat(2));
    expect((await verify(version, copy, 'public key')).failure?.code).toBe('CAVRA-E401');
  });
});
