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

/** Zips as the platforms give them to those who download an artifact. */
const ARTIFACTS = 'artifacts';

const versions = readdirSync(FIXTURES);
const runs = versions.flatMap((version) =>
  readdirSync(join(FIXTURES, version), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== ARTIFACTS)
    .map((entry) => ({ version, run: entry.name, folder: join(FIXTURES, version, entry.name) })),
);
const artifacts = versions.flatMap((version) =>
  readdirSync(join(FIXTURES, version, ARTIFACTS)).map((name) => ({ version, name: join(ARTIFACTS, name) })),
);
const sealed = runs.filter(({ folder }) => readdirSync(folder).includes(CHECKPOINT));

/** Verifies with what an auditor has years later: the keyring with its secrets, or the public key alone. */
function verify(
  version: string,
  path: string,
  by: 'keyring' | 'public key',
  { against = [], keyring = 'keyring.json' }: { against?: readonly string[]; keyring?: string } = {},
) {
  const workingDirectory = join(FIXTURES, version);
  const secrets = JSON.parse(readFileSync(join(workingDirectory, 'secrets.json'), 'utf8')) as Record<string, string>;
  return createVerifier({
    environment: by === 'keyring' ? secrets : {},
    workingDirectory,
    keyring: by === 'keyring' ? keyring : undefined,
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
});

it('there is evidence of every kind', () => {
  for (const version of versions) {
    const names = runs.filter((run) => run.version === version).map(({ run }) => run);
    expect(names.sort()).toEqual(KINDS);
    expect(artifacts.filter((each) => each.version === version)).toHaveLength(3);
  }
});

/** Of a pass, a block, a growing stream and a failed proof; by HMAC and by token; by keys of every status; by a resident daemon. */
const KINDS = ['allow', 'block', 'daemon', 'not-authenticated', 'oidc', 'retired-key', 'revoked-key', 'steps'];

describe.each(artifacts)('the downloaded artifact $name of $version', ({ version, name }) => {
  it.each(['keyring', 'public key'] as const)('verifies by the %s', async (by) => {
    const { report, failure } = await verify(version, join(FIXTURES, version, name), by);
    expect(failure).toBeUndefined();
    expect(report).toMatchObject({ valid: true, checkpoint: 'valid', tail: 'sealed' });
  });
});

describe.each(versions)('evidence of %s by a key that was revoked since', (version) => {
  const folder = join(FIXTURES, version, 'revoked-key');
  let copies: string;

  beforeAll(() => {
    copies = mkdtempSync(join(tmpdir(), 'cavra-revoked-'));
  });

  afterAll(() => rmSync(copies, { recursive: true }));

  it('counts only under its checkpoint', async () => {
    const copy = join(copies, 'unsealed');
    cpSync(folder, copy, { recursive: true });
    rmSync(join(copy, CHECKPOINT));
    const { report, failure } = await verify(version, copy, 'keyring');
    expect(failure?.code).toBe('CAVRA-E401');
    expect(report.findings.map(({ code }) => code)).toContain('key_revoked');
  });

  it('does not count when the compromise is older', async () => {
    const keyring = JSON.parse(readFileSync(join(FIXTURES, version, 'keyring.json'), 'utf8')) as {
      readonly keys: readonly { readonly revoked_at?: string }[];
    };
    const earlier = keyring.keys.map((key) =>
      key.revoked_at === undefined ? key : { ...key, revoked_at: '2026-01-02T00:00:00Z' },
    );
    const file = join(copies, 'keyring.json');
    writeFileSync(file, JSON.stringify({ ...keyring, keys: earlier }));
    const { failure } = await verify(version, folder, 'keyring', { keyring: file });
    expect(failure?.code).toBe('CAVRA-E401');
  });
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
    const { report, failure } = await verify(version, join(FIXTURES, version, 'steps'), 'public key', {
      against: ['steps-first.sigstore.json'],
    });
    expect(failure).toBeUndefined();
    expect(report.tail).toBe('anchored');
  });

  it('is not held by that of another run', async () => {
    const other = join('allow', CHECKPOINT);
    const { failure } = await verify(version, join(FIXTURES, version, 'steps'), 'public key', {
      against: [other],
    });
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
