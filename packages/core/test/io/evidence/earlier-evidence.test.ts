import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ConfigurationError, EvidenceError } from '../../../src/domain/diagnosis.ts';
import {
  CLAIMS_FILE,
  KNOWN_EVIDENCE_FILES,
  REPORT_FILE,
  RESPONSE_FILE,
  STREAM_FILE,
} from '../../../src/domain/evidence/files.ts';
import type { HmacSigningKey, HmacVerificationKey } from '../../../src/domain/keys/hmac-keys.ts';
import type { RunnerIdentity } from '../../../src/domain/wire/messages.ts';
import { continueOrSetAside } from '../../../src/io/evidence/earlier-evidence.ts';
import { openEvidenceRecorder } from '../../../src/io/stream/evidence-recorder.ts';
import { expectFailure, KEY, readStream, recorderOptions, temporaryFolder, verifyStream } from '../harness/evidence.ts';

const RUN: RunnerIdentity = {
  provider: 'github-actions',
  repository: 'example-org/example-repo',
  run_id: '17',
  run_attempt: '1',
  job: 'gate',
  ref: 'refs/heads/main',
  sha: '0123456789abcdef0123456789abcdef01234567',
};
const OTHER_KEY: HmacSigningKey = { id: 'key-2', secret: Buffer.from('another test key of thirty-two bytes') };
const KEYS: readonly HmacVerificationKey[] = [{ ...KEY, status: 'active' }];

interface StreamSettings {
  readonly identity?: RunnerIdentity;
  readonly key?: HmacSigningKey | 'none';
  readonly count?: number;
}

function evidenceFolder(): string {
  const folder = join(temporaryFolder(), 'go-daemon');
  mkdirSync(folder);
  return folder;
}

async function writeStream(folder: string, { identity = RUN, key = KEY, count = 2 }: StreamSettings = {}) {
  const { signingKey: _key, ...options } = recorderOptions(folder);
  const recorder = await openEvidenceRecorder(key === 'none' ? options : { ...options, signingKey: key });
  for (let number = 1; number <= count; number += 1) {
    await recorder.append({ target: `release ${number}`, runner_auth: { identity } }, { decision: 'allow' });
  }
  await recorder.close();
  return readStream(folder);
}

const decide = (folder: string, identity = RUN) => continueOrSetAside({ folder, identity, keys: KEYS });
const siblings = (folder: string) => readdirSync(join(folder, '..')).filter((name) => name !== basename(folder));
const streamPath = (folder: string) => join(folder, STREAM_FILE);

describe('a stream of this run', () => {
  it('is continued, and the other files stay', async () => {
    const folder = evidenceFolder();
    const before = await writeStream(folder);
    writeFileSync(join(folder, CLAIMS_FILE), '{}');
    expect(await decide(folder)).toEqual([]);
    expect(readStream(folder)).toEqual(before);
    expect(siblings(folder)).toEqual([]);
  });

  it('is continued when its runner has no run, attempt or job, here as there', async () => {
    const folder = evidenceFolder();
    const local = { provider: 'local', repository: 'example' };
    await writeStream(folder, { identity: local });
    expect(await decide(folder, { ...local, run_id: '' })).toEqual([]);
  });

  it('is continued behind a torn last line or a lost line end', async () => {
    const folder = evidenceFolder();
    const whole = await writeStream(folder);
    for (const bytes of [whole.length - 1, whole.length - 30, whole.indexOf('\n') + 2]) {
      writeFileSync(streamPath(folder), whole);
      truncateSync(streamPath(folder), bytes);
      expect(await decide(folder)).toEqual([]);
      expect(readStream(folder)).toHaveLength(bytes);
    }
  });

  it('is continued by the recorder, which asks after it has the lock', async () => {
    const folder = evidenceFolder();
    await writeStream(folder);
    truncateSync(streamPath(folder), readStream(folder).length - 30);
    const recorder = await openEvidenceRecorder({
      ...recorderOptions(folder),
      beforeOpening: () => {
        expect(readdirSync(folder).some((name) => name.startsWith(`${STREAM_FILE}.lock-`))).toBe(true);
        return decide(folder);
      },
    });
    expect([recorder.records, recorder.notes.length]).toEqual([1, 1]);
    await recorder.append({ runner_auth: { identity: RUN } }, { decision: 'allow' });
    await recorder.close();
    expect(verifyStream(readStream(folder))).toMatchObject({ records: 2, findings: [] });
  });
});

describe('a stream that says it is of this run, but does not verify', () => {
  it.each([
    ['a changed record', (path: string, text: string) => writeFileSync(path, text.replace('release 2', 'release 3'))],
    [
      'a removed record',
      (path: string, text: string) => writeFileSync(path, `${text.split('\n')[0]}\n${text.split('\n')[2]}\n`),
    ],
    ['an added line', (path: string) => appendFileSync(path, '{}\n')],
    [
      'a changed signature',
      (path: string, text: string) => writeFileSync(path, text.replace(/"value":"[0-9a-f]/, '"value":"g')),
    ],
    [
      'a signature that was taken off',
      (path: string, text: string) => writeFileSync(path, text.replace(/,"signature":\{[^}]*\}\}\n$/, '}\n')),
    ],
    ['a blank line', (path: string) => appendFileSync(path, '\n')],
  ])('is an error, and everything stays: %s', async (_what, change) => {
    const folder = evidenceFolder();
    const text = (await writeStream(folder, { count: 3 })).toString();
    writeFileSync(join(folder, CLAIMS_FILE), '{}');
    change(streamPath(folder), text);
    const before = readStream(folder);
    const error = await expectFailure(decide(folder), EvidenceError, 'CAVRA-E404');
    expect(error.message).toMatch(/^the evidence of this run does not verify: line \d of /);
    expect(readStream(folder)).toEqual(before);
    expect(readdirSync(folder).sort()).toEqual([STREAM_FILE, CLAIMS_FILE].sort());
    expect(siblings(folder)).toEqual([]);
  });

  it('is an error when it was signed by another key under the same id', async () => {
    const folder = evidenceFolder();
    await writeStream(folder, { key: { ...OTHER_KEY, id: KEY.id } });
    await expectFailure(decide(folder), EvidenceError, 'CAVRA-E404');
  });
});

describe('evidence of something else', () => {
  it.each([
    ['of another run', { identity: { ...RUN, run_id: '16' } }, /of another run/],
    ['of another attempt', { identity: { ...RUN, run_attempt: '2' } }, /of another run/],
    ['of another job', { identity: { ...RUN, job: 'other' } }, /of another run/],
    ['of another repository', { identity: { ...RUN, repository: 'fork/example-repo' } }, /of another run/],
    ['without an identity', { identity: {} }, /of another run/],
    ['signed with another key', { key: OTHER_KEY }, /a key that this run does not hold/],
    ['not signed', { key: 'none' }, /not signed/],
  ] as const)('is set aside as a whole: %s', async (_what, settings, reason) => {
    const folder = evidenceFolder();
    const stream = await writeStream(folder, settings);
    writeFileSync(join(folder, CLAIMS_FILE), 'claims');
    writeFileSync(join(folder, REPORT_FILE), 'report');
    writeFileSync(join(folder, 'notes.txt'), 'of the user');

    const notes = await decide(folder);
    expect(notes).toHaveLength(2);
    expect(notes[0]).toMatch(reason);
    expect(notes[1]).toMatch(/not published: notes\.txt$/);
    expect(readdirSync(folder)).toEqual(['notes.txt']);

    const id = /"record_hash":"(.{12})/.exec(stream.toString())?.[1];
    expect(siblings(folder)).toEqual([`go-daemon.previous-${id}-1`]);
    const previous = join(folder, '..', `go-daemon.previous-${id}-1`);
    expect(notes[0]).toContain(basename(previous));
    expect(statSync(previous).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(previous, STREAM_FILE))).toEqual(stream);
    expect(readFileSync(join(previous, CLAIMS_FILE), 'utf8')).toBe('claims');
    expect(readFileSync(join(previous, REPORT_FILE), 'utf8')).toBe('report');
  });

  it.each([
    ['not a record', 'hello\n'],
    ['a torn first line', '{"schema_version":"cavra.go-daemon.ev'],
    ['empty', ''],
    ['a long line', `${'x'.repeat(1_000_000)}\n`],
  ])('is set aside when the stream is %s', async (_what, content) => {
    const folder = evidenceFolder();
    writeFileSync(streamPath(folder), content);
    expect(await decide(folder)).toHaveLength(1);
    expect(siblings(folder)).toEqual(['go-daemon.previous-unknown-1']);
    expect(readFileSync(join(folder, '..', 'go-daemon.previous-unknown-1', STREAM_FILE), 'utf8')).toBe(content);
  });

  it('is set aside when records of another run follow those of this one', async () => {
    const folder = evidenceFolder();
    await writeStream(folder);
    await writeStream(folder, { identity: { ...RUN, run_id: '18' }, count: 1 });
    const [note] = await decide(folder);
    expect(note).toMatch(/1 of its records are of another run/);
  });

  it('is set aside when there are files but no stream, each time in a new folder', async () => {
    const folder = evidenceFolder();
    for (const number of [1, 2, 3]) {
      writeFileSync(join(folder, RESPONSE_FILE), `response ${number}`);
      await decide(folder);
      expect(readFileSync(join(folder, '..', `go-daemon.previous-unknown-${number}`, RESPONSE_FILE), 'utf8')).toBe(
        `response ${number}`,
      );
    }
    expect(await decide(folder)).toEqual([]);
  });

  it('stays when it cannot be set aside', async () => {
    const folder = evidenceFolder();
    writeFileSync(join(folder, CLAIMS_FILE), '');
    await expectFailure(
      continueOrSetAside({ folder: join(folder, 'missing'), identity: RUN, keys: KEYS }),
      ConfigurationError,
      'CAVRA-E208',
    );
    expect(readdirSync(folder)).toEqual([CLAIMS_FILE]);
  });
});

describe('links, pipes and folders at the known names', () => {
  const kinds = [
    ['link', (path: string, victim: string) => symlinkSync(victim, path)],
    ['link to nothing', (path: string) => symlinkSync('/nowhere/at/all', path)],
    ['second name of a file', (path: string, victim: string) => linkSync(victim, path)],
    ['pipe', (path: string) => spawnSync('mkfifo', [path])],
    ['folder', (path: string) => mkdirSync(path)],
  ] as const;

  it.each(kinds)('are moved away as they are, never followed: a %s', async (_kind, put) => {
    for (const name of KNOWN_EVIDENCE_FILES) {
      const folder = evidenceFolder();
      const victim = join(temporaryFolder(), 'victim');
      writeFileSync(victim, 'untouched');
      if (name !== STREAM_FILE) {
        await writeStream(folder);
      }
      put(join(folder, name), victim);
      const kind = lstatSync(join(folder, name)).mode;
      const notes = await decide(folder);
      expect(notes).toEqual([expect.stringContaining(name)]);
      expect(readdirSync(folder)).toEqual(name === STREAM_FILE ? [] : [STREAM_FILE]);
      const [previous = ''] = siblings(folder);
      expect(readdirSync(join(folder, '..', previous))).toEqual([name]);
      expect(lstatSync(join(folder, '..', previous, name)).mode).toBe(kind);
      expect(readFileSync(victim, 'utf8')).toBe('untouched');
    }
  });
});

describe('notes', () => {
  it('name at most ten files, in printable characters', async () => {
    const folder = evidenceFolder();
    for (let number = 0; number < 15; number += 1) {
      writeFileSync(join(folder, `${String.fromCharCode(97 + number)}\u001b[31m`), '');
    }
    const [note = ''] = await decide(folder);
    expect(note).toMatch(/: a\?\[31m, b\?\[31m.* and 5 more$/);
  });
});
