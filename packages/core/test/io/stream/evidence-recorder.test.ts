import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ConfigurationError, EvidenceError, RuntimeFailure, SecretFoundError } from '../../../src/domain/diagnosis.ts';
import { STREAM_FILE, TORN_FILE } from '../../../src/domain/evidence/files.ts';
import { MAX_RECORD_BYTES } from '../../../src/domain/limits.ts';
import { type EvidenceRecorderOptions, openEvidenceRecorder } from '../../../src/io/stream/evidence-recorder.ts';
import { expectFailure, KEY, readStream, recorderOptions, temporaryFolder, verifyStream } from '../harness/evidence.ts';

const ALLOW = { decision: 'allow' } as const;
const JWT = `${Buffer.from('{"alg":"RS256","kid":"k"}').toString('base64url')}.e30.c2lnbmF0dXJl`;

const open = (folder: string, options: Partial<EvidenceRecorderOptions> = {}) =>
  openEvidenceRecorder({ ...recorderOptions(folder), ...options });

/** Writes a stream of `count` records and returns its bytes. */
async function writeStream(folder: string, count: number): Promise<Buffer> {
  const recorder = await open(folder);
  for (let number = 1; number <= count; number += 1) {
    await recorder.append({ target: `release ${number}` }, ALLOW);
  }
  await recorder.close();
  return readStream(folder);
}

const streamPath = (folder: string) => join(folder, STREAM_FILE);

describe('append', () => {
  it('writes records that verify, with what it says they are', async () => {
    const folder = temporaryFolder();
    const recorder = await open(folder);
    expect([recorder.records, recorder.headHash]).toEqual([0, '']);
    const first = await recorder.append({ target: 'one' }, { ...ALLOW, evidence_refs: ['evidence://local/dec_1'] });
    expect(readStream(folder).toString()).toContain('"target":"one"');
    const second = await recorder.append({ target: 'two' }, ALLOW);
    expect([recorder.records, recorder.headHash]).toEqual([2, second.record_hash]);
    await recorder.close();

    expect(first).toMatchObject({ sequence: 1n, timestamp: '2026-01-01T00:00:02Z', signature: { key_id: KEY.id } });
    expect(first.record_id).toMatch(/^[0-9a-f]{24}$/);
    expect(first.response.evidence_refs).toEqual(['evidence://local/dec_1', `go-daemon-evidence://${first.record_id}`]);
    expect(second).toMatchObject({ sequence: 2n, previous_hash: first.record_hash });
    expect(second.response.evidence_refs).toEqual([`go-daemon-evidence://${second.record_id}`]);
    expect(verifyStream(readStream(folder))).toEqual({ records: 2, headHash: second.record_hash, findings: [] });
    expect(statSync(streamPath(folder)).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual([STREAM_FILE]);
  });

  it('keeps the order of appends made at the same time, over any number of batches', async () => {
    const folder = temporaryFolder();
    const recorder = await open(folder);
    const targets = [...Array(500).keys()].map(String);
    const records = await Promise.all(targets.map((target) => recorder.append({ target }, ALLOW)));
    expect(records.map(({ request }) => request.target)).toEqual(targets);
    expect(records.map(({ sequence }) => Number(sequence))).toEqual(targets.map((_, index) => index + 1));
    await recorder.close();
    expect(verifyStream(readStream(folder))).toMatchObject({ records: 500, findings: [] });
  });

  it('is done when close returns, and refused after it', async () => {
    const folder = temporaryFolder();
    const recorder = await open(folder);
    const pending = [recorder.append({}, ALLOW), recorder.append({}, ALLOW)];
    await recorder.close();
    await recorder.close();
    expect(verifyStream(readStream(folder)).records).toBe(2);
    await Promise.all(pending);
    await expectFailure(recorder.append({}, ALLOW), RuntimeFailure, 'CAVRA-E501');
  });

  it('leaves records unsigned without a key', async () => {
    const folder = temporaryFolder();
    const { signingKey: _key, ...options } = recorderOptions(folder);
    const recorder = await openEvidenceRecorder(options);
    expect((await recorder.append({}, ALLOW)).signature).toBeUndefined();
    await recorder.close();
    expect(verifyStream(readStream(folder)).findings).toEqual(['signature_missing']);
  });

  it('continues the stream of an earlier recorder', async () => {
    const folder = temporaryFolder();
    const before = await writeStream(folder, 3);
    const recorder = await open(folder);
    expect([recorder.records, recorder.headHash, recorder.notes]).toEqual([3, verifyStream(before).headHash, []]);
    await recorder.append({}, ALLOW);
    await recorder.close();
    expect(verifyStream(readStream(folder))).toMatchObject({ records: 4, findings: [] });
    expect(readStream(folder).subarray(0, before.length)).toEqual(before);
  });

  it('tells what was found before the stream was opened', async () => {
    const folder = temporaryFolder();
    const recorder = await open(folder, { beforeOpening: async () => ['something was set aside'] });
    expect(recorder.notes).toEqual(['something was set aside']);
    await recorder.close();
  });
});

describe('secrets', () => {
  it('redacts tokens in request and response before the record is hashed', async () => {
    const folder = temporaryFolder();
    const recorder = await open(folder);
    const request = { target: JWT, runner_auth: { identity: {}, algorithm: 'OIDC-JWT', signature: JWT } };
    const record = await recorder.append(request, { ...ALLOW, target: JWT });
    await recorder.close();
    expect(record.request.runner_auth?.signature).toBe('<redacted-oidc-jwt>');
    expect(record.response.target).toBe('<redacted-oidc-jwt>');
    expect(readStream(folder).toString()).not.toContain('eyJ');
    expect(verifyStream(readStream(folder)).findings).toEqual([]);
  });

  it.each([
    ['raw', Buffer.from(KEY.secret).toString()],
    ['base64', Buffer.from(KEY.secret).toString('base64')],
    ['hex', Buffer.from(KEY.secret).toString('hex')],
    ['an encoded token', Buffer.from(JWT).toString('hex')],
  ])('refuses a record that holds one (%s), and only that', async (_form, text) => {
    const folder = temporaryFolder();
    const recorder = await open(folder);
    const results = await Promise.allSettled([
      recorder.append({ target: 'one' }, ALLOW),
      recorder.append({ target: `x${text}` }, ALLOW),
      recorder.append({ target: 'three' }, ALLOW),
    ]);
    await recorder.close();
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    const failed = results[1];
    const error = failed?.status === 'rejected' ? failed.reason : undefined;
    expect(error).toBeInstanceOf(SecretFoundError);
    expect(error).toMatchObject({ code: 'CAVRA-E601' });
    expect(error.message).not.toContain(text);
    expect(readStream(folder).toString()).not.toContain(text);
    expect(verifyStream(readStream(folder))).toMatchObject({ records: 2, findings: [] });
  });
});

describe('records that cannot be written', () => {
  it('are refused when they are larger than a record may be', async () => {
    const folder = temporaryFolder();
    const recorder = await open(folder);
    await recorder.append({}, ALLOW);
    const huge = 'x'.repeat(MAX_RECORD_BYTES);
    await expectFailure(recorder.append({ target: huge }, ALLOW), RuntimeFailure, 'CAVRA-E505');
    await recorder.append({}, ALLOW);
    await recorder.close();
    expect(verifyStream(readStream(folder))).toMatchObject({ records: 2, findings: [] });
  });

  it('are refused when they cannot be encoded', async () => {
    const folder = temporaryFolder();
    const recorder = await open(folder);
    const request = { release_governance: { blocked_count: 2n ** 64n } };
    await expectFailure(recorder.append(request, ALLOW), RuntimeFailure, 'CAVRA-E599');
    await recorder.append({}, ALLOW);
    await recorder.close();
    expect(verifyStream(readStream(folder))).toMatchObject({ records: 1, findings: [] });
  });
});

describe('time', () => {
  const timesOf = async (...clock: number[]) => {
    const folder = temporaryFolder();
    const start = Date.UTC(2026, 0, 1);
    let index = 0;
    // The first look at the clock is the lock's.
    const recorder = await open(folder, { clock: () => start + 1000 * (clock[index++ - 1] ?? 0) });
    const times: string[] = [];
    for (const _ of clock) {
      times.push((await recorder.append({}, ALLOW)).timestamp.slice(-9));
    }
    await recorder.close();
    return { times, notes: recorder.notes };
  };

  it('stands still while the clock catches up with a small correction', async () => {
    expect(await timesOf(100, 90, 95, 101)).toEqual({
      times: ['00:01:40Z', '00:01:40Z', '00:01:40Z', '00:01:41Z'],
      notes: [],
    });
  });

  it('follows a great correction and says so', async () => {
    expect(await timesOf(1000, 100, 101)).toEqual({
      times: ['00:16:40Z', '00:01:40Z', '00:01:41Z'],
      notes: [expect.stringMatching(/900 s behind the last record/)],
    });
  });
});

describe('a stream that does not end well', () => {
  it('continues behind a last record without line end', async () => {
    const folder = temporaryFolder();
    const whole = await writeStream(folder, 2);
    truncateSync(streamPath(folder), whole.length - 1);
    const recorder = await open(folder);
    expect(recorder.records).toBe(2);
    expect(recorder.notes).toEqual([expect.stringMatching(/lost its line end/)]);
    await recorder.append({}, ALLOW);
    await recorder.close();
    expect(verifyStream(readStream(folder))).toMatchObject({ records: 3, findings: [] });
    expect(existsSync(join(folder, TORN_FILE))).toBe(false);
  });

  it('sets a torn line aside, wherever it was torn', async () => {
    const folder = temporaryFolder();
    const whole = await writeStream(folder, 2);
    const firstEnd = whole.indexOf('\n') + 1;
    let setAside = '';
    for (const cut of [firstEnd + 1, firstEnd + 2, firstEnd + 100, whole.length - 2, 1, firstEnd - 2]) {
      writeFileSync(streamPath(folder), whole.subarray(0, cut));
      const torn = whole.subarray(cut > firstEnd ? firstEnd : 0, cut);
      setAside += `${torn}\n`;
      const recorder = await open(folder);
      expect(recorder.records).toBe(cut > firstEnd ? 1 : 0);
      expect(recorder.notes).toEqual([expect.stringContaining(`its ${torn.length} bytes were moved to ${TORN_FILE}`)]);
      await recorder.append({}, ALLOW);
      await recorder.close();
      expect(verifyStream(readStream(folder))).toMatchObject({ records: cut > firstEnd ? 2 : 1, findings: [] });
      expect(readFileSync(join(folder, TORN_FILE), 'utf8')).toBe(setAside);
    }
    expect(statSync(join(folder, TORN_FILE)).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['a large fragment without an end', Buffer.alloc(1_000_000, 'x')],
    ['zeros, as after a loss of power', Buffer.alloc(5000)],
    ['a whole record that continues nothing', undefined],
  ])('sets aside %s', async (_what, fragment) => {
    const folder = temporaryFolder();
    const whole = await writeStream(folder, 3);
    const torn = fragment ?? whole.subarray(0, whole.indexOf('\n'));
    appendFileSync(streamPath(folder), torn);
    const recorder = await open(folder);
    expect(recorder.records).toBe(3);
    await recorder.append({}, ALLOW);
    await recorder.close();
    expect(readStream(folder).subarray(0, whole.length)).toEqual(whole);
    expect(readFileSync(join(folder, TORN_FILE)).equals(Buffer.concat([torn, Buffer.from('\n')]))).toBe(true);
  });

  it('does not set aside into a link', async () => {
    const folder = temporaryFolder();
    await writeStream(folder, 1);
    appendFileSync(streamPath(folder), 'torn');
    const before = readStream(folder);
    const victim = join(temporaryFolder(), 'victim');
    writeFileSync(victim, 'untouched');
    symlinkSync(victim, join(folder, TORN_FILE));
    await expectFailure(open(folder), ConfigurationError, 'CAVRA-E208');
    expect(readFileSync(victim, 'utf8')).toBe('untouched');
    expect(readStream(folder)).toEqual(before);
  });

  it.each([
    ['no record', '{"sequence":1}\n'],
    ['text', 'hello\n'],
    ['a blank line', '\n'],
    ['white space', '   \n'],
  ])('is not continued when its last whole line is %s', async (_what, line) => {
    const folder = temporaryFolder();
    await writeStream(folder, 1);
    appendFileSync(streamPath(folder), line);
    const before = readStream(folder);
    await expectFailure(open(folder), EvidenceError, 'CAVRA-E404');
    expect(readStream(folder)).toEqual(before);
    expect(readdirSync(folder)).toEqual([STREAM_FILE]);
  });

  it('is not continued when its last record was changed', async () => {
    const folder = temporaryFolder();
    const whole = await writeStream(folder, 2);
    writeFileSync(streamPath(folder), whole.toString().replace('release 2', 'release 3'));
    await expectFailure(open(folder), EvidenceError, 'CAVRA-E404');
  });
});

describe('what stands at the name of the stream', () => {
  const victimOf = () => {
    const victim = join(temporaryFolder(), 'victim');
    writeFileSync(victim, 'untouched');
    return victim;
  };

  it.each([
    ['a link to a file', (path: string) => symlinkSync(victimOf(), path), /is a link/],
    ['a link to nothing', (path: string) => symlinkSync('/nowhere/at/all', path), /is a link/],
    ['a second name of a file', (path: string) => linkSync(victimOf(), path), /second name/],
    ['a folder', (path: string) => mkdirSync(path), /is a folder/],
    ['a pipe', (path: string) => spawnSync('mkfifo', [path]), /is a pipe, socket or device/],
  ])('is refused when it is %s', async (_what, prepare, reason) => {
    const folder = temporaryFolder();
    prepare(streamPath(folder));
    const error = await expectFailure(open(folder), ConfigurationError, 'CAVRA-E208');
    expect(error.message).toMatch(reason);
    expect(readdirSync(folder)).toEqual([STREAM_FILE]);
  });

  it('is made private', async () => {
    const folder = temporaryFolder();
    writeFileSync(streamPath(folder), '', { mode: 0o644 });
    await (await open(folder)).close();
    expect(statSync(streamPath(folder)).mode & 0o777).toBe(0o600);
  });
});

describe('a stream that is touched while it is written', () => {
  it.each([
    ['removed', (path: string) => rmSync(path), /was removed/],
    [
      'replaced by a copy of itself',
      (path: string) => {
        copyFileSync(path, `${path}.copy`);
        renameSync(`${path}.copy`, path);
      },
      /was replaced/,
    ],
    [
      'replaced by a link to itself',
      (path: string) => {
        renameSync(path, `${path}.moved`);
        symlinkSync(`${path}.moved`, path);
      },
      /was replaced/,
    ],
    ['extended', (path: string) => appendFileSync(path, 'x'), /another process wrote/],
    ['cut', (path: string) => truncateSync(path, 10), /another process wrote/],
  ])('is noticed when it is %s, at each further append', async (_what, touch, reason) => {
    const folder = temporaryFolder();
    const recorder = await open(folder);
    await recorder.append({}, ALLOW);
    touch(streamPath(folder));
    const after = readdirSync(folder).sort();
    for (let time = 0; time < 2; time += 1) {
      const error = await expectFailure(recorder.append({}, ALLOW), RuntimeFailure, 'CAVRA-E503');
      expect(error.message).toMatch(reason);
    }
    expect(recorder.records).toBe(1);
    expect(readdirSync(folder).sort()).toEqual(after);
    await recorder.close();
  });

  it('goes on when it is put back', async () => {
    const folder = temporaryFolder();
    const recorder = await open(folder);
    await recorder.append({}, ALLOW);
    renameSync(streamPath(folder), join(folder, 'elsewhere'));
    await expectFailure(recorder.append({}, ALLOW), RuntimeFailure, 'CAVRA-E503');
    renameSync(join(folder, 'elsewhere'), streamPath(folder));
    await recorder.append({}, ALLOW);
    await recorder.close();
    expect(verifyStream(readStream(folder))).toMatchObject({ records: 2, findings: [] });
  });

  it('is noticed when the lock is removed', async () => {
    const folder = temporaryFolder();
    const recorder = await open(folder);
    for (const name of readdirSync(folder).filter((each) => each !== STREAM_FILE)) {
      rmSync(join(folder, name));
    }
    const error = await expectFailure(recorder.append({}, ALLOW), RuntimeFailure, 'CAVRA-E503');
    expect(error.message).toMatch(/lock .* was removed/);
    await recorder.close();
  });
});

describe('one writer at a time', () => {
  it('holds in one process too', async () => {
    const folder = temporaryFolder();
    const recorder = await open(folder);
    const error = await expectFailure(open(folder), RuntimeFailure, 'CAVRA-E502');
    expect(error.message).toMatch(new RegExp(`written by process ${process.pid} on .* since 2026-01-01T`));
    await (await open(folder, { fileName: 'another-stream.jsonl' })).close();
    await recorder.close();
    await (await open(folder)).close();
  });

  it('leaves no lock behind when the stream cannot be opened', async () => {
    const folder = temporaryFolder();
    const refusal = new EvidenceError('CAVRA-E404', 'changed');
    await expectFailure(open(folder, { beforeOpening: () => Promise.reject(refusal) }), EvidenceError, 'CAVRA-E404');
    expect(readdirSync(folder)).toEqual([]);
  });
});
