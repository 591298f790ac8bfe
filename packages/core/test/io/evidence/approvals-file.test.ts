import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RuntimeFailure, SecretFoundError } from '../../../src/domain/diagnosis.ts';
import { MAX_APPROVALS_LINE_BYTES } from '../../../src/domain/limits.ts';
import { createSecretSearcher } from '../../../src/domain/secrets/searcher.ts';
import { ApprovalsFile, repairApprovals } from '../../../src/io/evidence/approvals-file.ts';
import { rejectionOf } from '../../support/refusal.ts';
import { sealChain } from '../../support/streams.ts';

const FILE = 'release-governance-approvals.jsonl';
const STREAM = 'release-governance-evidence.jsonl';
const SECRET = 'a-secret-of-the-tests-0123456789';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cavra-approvals-file-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = () => join(folder, FILE);
const open = () => new ApprovalsFile(folder, createSecretSearcher([{ name: 'THE_SECRET', value: SECRET }]));
const line = (recordId: string) =>
  `{"schema_version":"x","request_sha256":"${'a'.repeat(64)}","record_id":"${recordId}","rest":"…"}`;

describe('the approvals file', () => {
  it('is appended to, by one run and the next', async () => {
    const first = open();
    await first.append('{"a":1}');
    await first.append('{"a":2}');
    await first.close();
    const second = open();
    await second.append('{"a":3}');
    await second.close();
    expect(readFileSync(path(), 'utf8')).toBe('{"a":1}\n{"a":2}\n{"a":3}\n');
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  it('is not there before something is judged', async () => {
    const file = open();
    await file.close();
    expect(await repairApprovals(folder)).toEqual([]);
    expect(() => statSync(path())).toThrow('ENOENT');
  });

  it('never holds a secret, and nothing too large', async () => {
    const file = open();
    const found = await rejectionOf(file.append(`{"reason":"${SECRET}"}`));
    expect(found).toBeInstanceOf(SecretFoundError);
    expect(found).toMatchObject({ code: 'CAVRA-E601', message: expect.stringContaining('THE_SECRET') });
    const large = await rejectionOf(file.append('x'.repeat(MAX_APPROVALS_LINE_BYTES)));
    expect(large).toBeInstanceOf(RuntimeFailure);
    expect(large).toMatchObject({ code: 'CAVRA-E505' });
    await file.close();
    expect(() => statSync(path())).toThrow('ENOENT');
  });

  it('is no link', async () => {
    writeFileSync(join(folder, 'elsewhere'), '');
    symlinkSync(join(folder, 'elsewhere'), path());
    expect(await rejectionOf(open().append('{}'))).toMatchObject({ code: 'CAVRA-E501' });
    expect(await rejectionOf(repairApprovals(folder))).toMatchObject({ code: 'CAVRA-E501' });
    expect(readFileSync(join(folder, 'elsewhere'), 'utf8')).toBe('');
  });
});

describe('what a killed run left at its end', () => {
  const recorded = () => {
    const chain = sealChain([{}, {}]);
    writeFileSync(join(folder, STREAM), `${chain.join('\n')}\n`);
    return chain.map((text) => String(JSON.parse(text).record_id));
  };

  it('is removed: a torn line, and one whose record was never written', async () => {
    const [first = '', second = ''] = recorded();
    const kept = `${line(first)}\n${line(second)}\n`;
    for (const rest of [
      `${line('f'.repeat(24))}\n`,
      '{"schema_version":"x"',
      `${line('f'.repeat(24))}\n{"torn`,
      'odd\n',
    ]) {
      writeFileSync(path(), kept);
      appendFileSync(path(), rest);
      expect(await repairApprovals(folder)).toEqual([expect.stringContaining('was removed')]);
      expect(readFileSync(path(), 'utf8')).toBe(kept);
    }
    expect(await repairApprovals(folder)).toEqual([]);
  });

  it('may be all of it', async () => {
    recorded();
    writeFileSync(path(), `${line('f'.repeat(24))}\n`);
    await repairApprovals(folder);
    expect(readFileSync(path(), 'utf8')).toBe('');
  });
});
