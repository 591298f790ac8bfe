import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../src/domain/diagnosis.ts';
import { readInlineRequest, readRequestBytes, readRequestFiles } from '../../src/request/request-files.ts';
import { refusalOf, rejectionOf } from '../support/refusal.ts';

const MIB = 1024 * 1024;
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cavra-requests-'));
  mkdirSync(join(folder, 'requests/sub'), { recursive: true });
  mkdirSync(join(folder, 'requests/folder.json'));
  mkdirSync(join(folder, 'elsewhere'));
  for (const name of ['b', 'a', 'B', 'sub/c', 'ä', '\u{1f680}', '\uffee']) write(`requests/${name}.json`, name);
  write('elsewhere/outside.json', 'outside');
  write('requests/[a].json', 'brackets');
  symlinkSync(join(folder, 'elsewhere/outside.json'), join(folder, 'requests/link.json'));
  symlinkSync(join(folder, 'elsewhere'), join(folder, 'requests/linked'));
  symlinkSync(join(folder, 'nowhere'), join(folder, 'requests/dangling.json'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, target: string): void {
  writeFileSync(join(folder, name), JSON.stringify({ target }));
}

async function targets(...names: string[]): Promise<(string | undefined)[]> {
  return (await readRequestFiles(names, folder)).map(({ request }) => request.target);
}

async function refusal(...names: string[]): Promise<ConfigurationError> {
  const error = await rejectionOf(readRequestFiles(names, folder));
  expect(error).toBeInstanceOf(ConfigurationError);
  return error as ConfigurationError;
}

describe('files by name', () => {
  it('are read in the order of the arguments, once each', async () => {
    expect(await targets('requests/b.json', 'requests/a.json', './requests/../requests/b.json')).toEqual(['b', 'a']);
    expect(await targets(join(folder, 'requests/a.json'), 'requests/a.json')).toEqual(['a']);
  });

  it('come with their name and bytes', async () => {
    const [loaded] = await readRequestFiles(['requests/a.json'], folder);
    expect(loaded).toMatchObject({ path: 'requests/a.json', request: { target: 'a' } });
    expect(Buffer.from(loaded?.bytes ?? []).toString()).toBe('{"target":"a"}');
  });

  it('may have a name that looks like a glob', async () => {
    expect(await targets('requests/[a].json')).toEqual(['brackets']);
  });
});

describe('globs', () => {
  it('give regular files in the order of their bytes, without following links', async () => {
    // U+1F680 comes after U+FFEE in UTF-8, before it in UTF-16.
    const inFolder = ['B', 'brackets', 'a', 'b', 'ä', '\uffee', '\u{1f680}'];
    expect(await targets('requests/*.json')).toEqual(inFolder);
    expect(await targets('requests/**/*.json')).toEqual([...inFolder.slice(0, 4), 'sub/c', ...inFolder.slice(4)]);
    expect(await targets('requests/{b,a}.json')).toEqual(['a', 'b']);
    expect(await targets(join(folder, 'requests/?.json'))).toEqual(await targets('requests/?.json'));
  });

  it('add to the arguments before them without repeating a file', async () => {
    expect(await targets('requests/b.json', 'requests/[ab].json', 'requests/sub/*')).toEqual(['b', 'a', 'sub/c']);
  });

  it.each([
    'nothing/*.json',
    'requests/z*',
    'requests/linked*.json',
    'requests/l[i]nk.json',
    '!requests/a.json',
    '{',
    '[',
  ])('%s matches nothing, which is an error that names it', async (glob) => {
    const error = await refusal('requests/a.json', glob);
    expect(error.code).toBe('CAVRA-E203');
    expect(error.message).toBe(`no file matches ${glob}; links are not followed`);
  });

  it('give at most a thousand requests', async () => {
    mkdirSync(join(folder, 'many'));
    for (let i = 0; i <= 1000; i += 1) write(`many/${i}.json`, 'x');
    expect(await refusal('many/*.json')).toMatchObject({
      code: 'CAVRA-E201',
      message: '1001 requests were given, at most 1000 can be answered in one run',
    });
    rmSync(join(folder, 'many/0.json'));
    expect(await targets('many/*.json')).toHaveLength(1000);
  });
});

describe('what is no request', () => {
  it.each<[string, string]>([
    ['missing.json', 'the request missing.json does not exist'],
    ['requests/a.json/x', 'the request requests/a.json/x does not exist'],
    ['requests', 'the request requests is not a regular file'],
    ['requests/folder.json', 'the request requests/folder.json is not a regular file'],
    ['requests/link.json', 'the request requests/link.json is a link'],
    ['requests/dangling.json', 'the request requests/dangling.json is a link'],
    ['/dev/zero', 'the request /dev/zero is not a regular file'],
    ['a\u0000b', 'the request a\\u{0}b cannot be read'],
    ['x'.repeat(5000), 'cannot be read (ENAMETOOLONG)'],
    ['', 'is not a regular file'],
  ])('%#: %s', async (name, message) => {
    const error = await refusal(name);
    expect(error).toMatchObject({ code: 'CAVRA-E203', exitStatus: 2 });
    expect(error.message).toContain(message);
  });

  it('a pipe or socket, without waiting for anybody at its other end', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe.json')]);
    expect(await refusal('pipe.json')).toMatchObject({ code: 'CAVRA-E203' });
    const server = createServer().listen(join(folder, 'socket.json'));
    await new Promise((listening) => server.once('listening', listening));
    expect(await refusal('socket.json')).toMatchObject({ code: 'CAVRA-E203' });
    await new Promise((closed) => server.close(closed));
  });

  it('a file that may not be read', async () => {
    write('unreadable.json', 'x');
    chmodSync(join(folder, 'unreadable.json'), 0o000);
    // The superuser may read everything.
    if (process.getuid?.() === 0) expect(await targets('unreadable.json')).toEqual(['x']);
    else expect(await refusal('unreadable.json')).toMatchObject({ code: 'CAVRA-E203' });
  });

  it('100 MB, quickly and without holding them', async () => {
    writeFileSync(join(folder, 'huge.json'), '');
    truncateSync(join(folder, 'huge.json'), 100 * MIB);
    const before = process.memoryUsage().rss;
    expect(await refusal('huge.json')).toMatchObject({
      code: 'CAVRA-E203',
      message: 'the request huge.json is larger than 1048576 bytes',
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(50 * MIB);
  });

  it('one byte too many, but not one MiB', async () => {
    const padded = (bytes: number) => `{}${' '.repeat(bytes - 2)}`;
    writeFileSync(join(folder, 'fits.json'), padded(MIB));
    writeFileSync(join(folder, 'large.json'), padded(MIB + 1));
    expect(await targets('fits.json')).toEqual([undefined]);
    expect(await refusal('large.json')).toMatchObject({ code: 'CAVRA-E203' });
  });

  it('nothing at all', async () => {
    expect(await refusal()).toMatchObject({ code: 'CAVRA-E202', message: 'no request was given' });
  });
});

describe('requests that are not valid', () => {
  beforeAll(() => {
    writeFileSync(join(folder, 'empty.json'), '');
    writeFileSync(join(folder, 'unknown.json'), '{"x":1}');
    writeFileSync(join(folder, 'trust.json'), '{"runner_auth":{}}');
  });

  it('are named with their file', async () => {
    expect(await refusal('empty.json')).toMatchObject({
      code: 'CAVRA-E204',
      message: 'empty.json: the text is empty, expected a JSON value (line 1, column 1, byte 0)',
    });
  });

  it('are all named; trust settings give the code', async () => {
    const error = await refusal('missing.json', 'unknown.json', 'requests/a.json', 'trust.json', 'none*');
    expect(error.code).toBe('CAVRA-E205');
    expect(error.message).toBe(
      'no file matches none*; links are not followed; the request missing.json does not exist; unknown.json: /x is not a member of a request; trust.json: /runner_auth is a setting of trust or authentication, which a request may not carry',
    );
  });
});

describe('readRequestBytes', () => {
  it('gives whatever the file holds', async () => {
    writeFileSync(join(folder, 'bytes.json'), Buffer.from([0xff, 0x00]));
    expect(Buffer.from(await readRequestBytes('bytes.json', folder))).toEqual(Buffer.from([0xff, 0x00]));
    expect(await rejectionOf(readRequestBytes('no.json', folder))).toMatchObject({ code: 'CAVRA-E203' });
  });
});

describe('an inline request', () => {
  it('is read like a file', () => {
    expect(readInlineRequest('{"target":"ä"}')).toMatchObject({ path: '<inline>', request: { target: 'ä' } });
  });

  it.each<[string, string, string]>([
    ['', 'CAVRA-E204', 'the inline request: the text is empty'],
    ['{"x":1}', 'CAVRA-E204', 'the inline request: /x is not a member'],
    ['{"runner_auth":{}}', 'CAVRA-E205', '/runner_auth is a setting of trust'],
    ['\ufeff{}', 'CAVRA-E204', 'byte order mark'],
    ['{"target":"\ud800"}', 'CAVRA-E204', 'half of a surrogate pair'],
    [' '.repeat(MIB + 1), 'CAVRA-E203', 'at most 1048576 are allowed'],
  ])('%#', (text, code, message) => {
    const error = refusalOf(() => readInlineRequest(text));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toHaveProperty('code', code);
    expect(error).toHaveProperty('message', expect.stringContaining(message));
  });
});
