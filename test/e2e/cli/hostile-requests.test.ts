import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, open, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HMAC_ENVIRONMENT, runCli } from '../../support/cli.ts';
import { root } from '../../support/repository.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cavra-hostile-'));
  await cp(join(root, 'examples'), join(folder, 'examples'), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs the gate on `bad.json` and expects one clear error and nothing written. */
async function expectRefused(code: string, path = 'bad.json', status = 2) {
  const run = await runCli(['gate', path], { workingDirectory: folder, environment: HMAC_ENVIRONMENT });
  expect(run.stderr).toContain(`(${code})`);
  expect(run.stderr.trimEnd().split('\n')).toHaveLength(2);
  expect(run.stderr).not.toMatch(/\n\s+at |TypeError|RangeError|SyntaxError/);
  expect(run.status).toBe(status);
  expect(existsSync(join(folder, '.cavra'))).toBe(false);
}

const deep = (depth: number) => `{"release_governance":${'['.repeat(depth)}${']'.repeat(depth)}}`;

describe('a request that is', () => {
  it.each<[string, string | Buffer, string]>([
    ['empty', '', 'CAVRA-E204'],
    ['white space', ' \n', 'CAVRA-E204'],
    ['100,000 deep', deep(100_000), 'CAVRA-E204'],
    ['holding a member twice', '{"target":"a","target":"b"}', 'CAVRA-E204'],
    ['holding a member twice by an escape', '{"target":"a","t\\u0061rget":"b"}', 'CAVRA-E204'],
    ['of wrong types', '{"target":7,"release_governance":{"delivery_success":"true"}}', 'CAVRA-E204'],
    ['holding a float for a count', '{"release_governance":{"blocked_count":7.0}}', 'CAVRA-E204'],
    ['holding a count beyond int64', '{"release_governance":{"blocked_count":9223372036854775808}}', 'CAVRA-E204'],
    ['holding NaN', '{"release_governance":{"blocked_count":NaN}}', 'CAVRA-E204'],
    ['holding an unpaired surrogate', '{"target":"\\ud800"}', 'CAVRA-E204'],
    ['after a byte order mark', '\ufeff{"target":"prod"}', 'CAVRA-E204'],
    ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'CAVRA-E204'],
    ['followed by text', '{"target":"prod"} x', 'CAVRA-E204'],
    ['a list', '[]', 'CAVRA-E204'],
    ['holding an unknown member', '{"targets":"prod"}', 'CAVRA-E204'],
    ['holding a prototype', '{"__proto__":{"target":"prod"}}', 'CAVRA-E204'],
    ['holding runner_auth', '{"target":"prod","runner_auth":{"identity":{}}}', 'CAVRA-E205'],
    ['holding a trust setting', '{"target":"prod","trust_policy":"mine.yaml"}', 'CAVRA-E205'],
  ])('%s is refused', async (_, content, code) => {
    await writeFile(join(folder, 'bad.json'), content);
    await expectRefused(code);
  });

  it('100 MB large is refused', async () => {
    const file = await open(join(folder, 'bad.json'), 'w');
    await file.truncate(100_000_000);
    await file.close();
    await expectRefused('CAVRA-E203');
  });

  it('a folder, a link, a pipe or missing is refused', async () => {
    await mkdir(join(folder, 'folder.json'));
    await expectRefused('CAVRA-E203', 'folder.json');
    await symlink(join(folder, 'examples/approved-promotion.json'), join(folder, 'link.json'));
    await expectRefused('CAVRA-E203', 'link.json');
    execFileSync('mkfifo', [join(folder, 'pipe.json')]);
    await expectRefused('CAVRA-E203', 'pipe.json');
    await expectRefused('CAVRA-E203', 'missing.json');
    await expectRefused('CAVRA-E203', 'no-match-*.json');
  });

  it('with CRLF line ends is a request like any other', async () => {
    await writeFile(
      join(folder, 'crlf.json'),
      '{\r\n"release_governance": {\r\n"metadata_kind": "rollout-evidence-capture"\r\n}\r\n}\r\n',
    );
    const run = await runCli(['gate', 'crlf.json'], { workingDirectory: folder, environment: HMAC_ENVIRONMENT });
    expect(run).toMatchObject({ status: 0, stderr: '' });
  });

  it('one of several stops the run before anything is decided', async () => {
    await writeFile(join(folder, 'bad.json'), '{"target":7}');
    const run = await runCli(['gate', 'examples/approved-promotion.json', 'bad.json'], {
      workingDirectory: folder,
      environment: HMAC_ENVIRONMENT,
    });
    expect(run.status).toBe(2);
    expect(run.stderr).toContain('bad.json');
    expect(existsSync(join(folder, '.cavra'))).toBe(false);
  });
});

describe('a machine that fails', () => {
  it('without a writable folder ends in one clear error', async () => {
    await writeFile(join(folder, '.cavra'), 'a file where the folder should be');
    const run = await runCli(['gate', 'examples/approved-promotion.json'], {
      workingDirectory: folder,
      environment: HMAC_ENVIRONMENT,
    });
    expect(run.status).toBe(2);
    expect(run.stderr).toContain('CAVRA-E208');
  });
});
