import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigurationError, EvidenceError } from '../../src/domain/diagnosis.ts';
import {
  CLAIMS_FILE,
  claimsFileText,
  RESPONSE_FILE,
  responseFileText,
  STREAM_FILE,
} from '../../src/domain/evidence/files.ts';
import type { EvidenceExpectations } from '../../src/domain/verification/expectations.ts';
import { reportText } from '../../src/domain/verification/report.ts';
import type { DecisionResponse } from '../../src/domain/wire/messages.ts';
import { openEvidence } from '../../src/io/evidence/evidence-reader.ts';
import { type VerifyOptions, type VerifyPorts, verifyEvidence } from '../../src/verify/verify.ts';
import { IDENTITY, KEY, sealChain, stream, VERIFICATION_KEY } from '../support/streams.ts';

const NOW = Date.UTC(2026, 2, 4, 5, 10);
const ALLOW: DecisionResponse = { decision: 'allow', rule_id: 'release_governance.approval.approved', reason: 'a <b>' };
const BLOCK: DecisionResponse = {
  decision: 'block',
  rule_id: 'release_governance.approval.denied',
  evidence_refs: ['x'],
};
const REVIEW: DecisionResponse = { decision: 'require_approval', rule_id: 'release_governance.approval.pending' };
const LINES = sealChain([{ response: ALLOW }, { response: REVIEW }, { response: ALLOW }]);

const ports: VerifyPorts = { now: () => NOW, verifier: { name: 'test', version: '1.2.3' }, openEvidence };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cavra-verify-'));
  writeRun(LINES, REVIEW);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function writeRun(lines: readonly string[], response: DecisionResponse): void {
  writeFileSync(join(folder, STREAM_FILE), stream(lines));
  writeFileSync(join(folder, CLAIMS_FILE), claimsFileText(IDENTITY));
  writeFileSync(join(folder, RESPONSE_FILE), responseFileText(response));
}

function verify(changes: Partial<VerifyOptions> = {}) {
  return verifyEvidence({ path: folder, keys: [VERIFICATION_KEY], integrityOnly: false, ...changes }, ports);
}

async function findingsWith(expectations: EvidenceExpectations) {
  const { report, failure } = await verify({ expectations });
  return { codes: report.findings.map(({ code }) => code), failure: failure?.code, report };
}

describe('verifyEvidence', () => {
  it('verifies a folder', async () => {
    const { report, failure } = await verify();
    expect(failure).toBeUndefined();
    expect(Object.keys(report)).toEqual([
      ...['path', 'valid', 'records', 'signed_records', 'errors', 'schema_version', 'findings', 'head_hash'],
      ...['first_timestamp', 'last_timestamp', 'keys', 'signatures', 'checkpoint', 'tail', 'sha256', 'verifier'],
      ...['stream_id', 'findings_omitted'],
    ]);
    expect(report).toMatchObject({
      path: join(folder, STREAM_FILE),
      valid: true,
      records: 3,
      signed_records: 3,
      errors: [],
      schema_version: 'cavra.release-governance.verification.v1',
      findings: [],
      first_timestamp: '2026-03-04T05:06:07.000000001Z',
      last_timestamp: '2026-03-04T05:06:07.000000003Z',
      keys: [{ key_id: 'test-key', records: 3, status: 'active' }],
      signatures: 'checked',
      checkpoint: 'absent',
      tail: 'unanchored',
      verifier: { name: 'test', version: '1.2.3' },
    });
    expect(JSON.parse(reportText(report))).toEqual(report);
    expect(reportText(report)).toMatch(/^\{\n {2}"path": /);
  });

  it('verifies a stream by itself', async () => {
    const path = join(folder, STREAM_FILE);
    rmSync(join(folder, CLAIMS_FILE));
    const { report } = await verify({ path });
    expect(report).toMatchObject({ path, valid: true, findings: [] });
  });

  it('refuses to check nothing', async () => {
    const attempt = verify({ keys: [] });
    await expect(attempt).rejects.toThrow(ConfigurationError);
    await expect(attempt).rejects.toMatchObject({ code: 'CAVRA-E215' });
  });

  it('refuses an empty key, with which everybody can sign', async () => {
    const attempt = verify({ keys: [{ ...VERIFICATION_KEY, secret: Buffer.alloc(0) }] });
    await expect(attempt).rejects.toThrow(ConfigurationError);
    await expect(attempt).rejects.toMatchObject({ code: 'CAVRA-E207' });
  });

  it('says when signatures were not checked', async () => {
    const { report, failure } = await verify({ keys: [], integrityOnly: true });
    expect(failure).toBeUndefined();
    expect(report).toMatchObject({ valid: true, signatures: 'unchecked', keys: [{ status: 'unchecked' }] });
  });

  it('checks signatures whenever it has a key', async () => {
    const { failure } = await verify({
      keys: [{ ...KEY, secret: Buffer.alloc(32), status: 'active' }],
      integrityOnly: true,
    });
    expect(failure?.code).toBe('CAVRA-E401');
  });

  it('names the first fault and where it is', async () => {
    writeRun([LINES[0] ?? '', LINES[2] ?? '', '{}'], REVIEW);
    const { report, failure } = await verify();
    expect(failure).toBeInstanceOf(EvidenceError);
    expect(failure?.code).toBe('CAVRA-E401');
    expect(failure?.message).toMatch(
      /^the evidence is invalid: record 2 \(line 2, byte \d+\): sequence is 3, expected 2/,
    );
    expect(report.valid).toBe(false);
    expect(report.errors).toHaveLength(report.findings.filter(({ severity }) => severity === 'error').length);
  });

  it('caps the errors and counts the rest', async () => {
    writeRun(Array(1500).fill('{}'), REVIEW);
    const { report } = await verify();
    expect(report.errors).toHaveLength(1001);
    expect(report.errors.at(-1)).toBe('and 501 more errors');
    expect(report.findings).toHaveLength(1000);
    expect(report.findings_omitted).toBe(501);
  });

  it('reports progress', async () => {
    const steps: number[][] = [];
    await verifyEvidence(
      { path: folder, keys: [VERIFICATION_KEY], integrityOnly: false },
      { ...ports, progress: (done, total) => steps.push([done, total]) },
    );
    const size = stream(LINES).length;
    expect(steps).toEqual([[size, size]]);
  });
});

describe('what cannot be opened', () => {
  it.each([
    ['a missing path', () => join(folder, 'missing')],
    ['a folder without a stream', () => without(STREAM_FILE)],
    ['a path through a file', () => join(folder, STREAM_FILE, 'x')],
  ])('%s is no evidence', async (_name, path) => {
    const attempt = verify({ path: path() });
    await expect(attempt).rejects.toThrow(EvidenceError);
    await expect(attempt).rejects.toMatchObject({ code: 'CAVRA-E403' });
  });

  it.each([
    ['a link to a stream', () => link(join(folder, STREAM_FILE), join(folder, 'link'))],
    ['a link to a folder', () => link(folder, join(folder, 'link'))],
    ['a folder whose stream is a link', () => withLink(STREAM_FILE)],
    ['a folder whose claims are a link', () => withLink(CLAIMS_FILE)],
    ['a named pipe', () => pipe(join(folder, 'pipe'))],
    ['a path with a null byte', () => `${folder}\0`],
  ])('%s is refused', async (_name, path) => {
    const attempt = verify({ path: path() });
    await expect(attempt).rejects.toThrow(ConfigurationError);
    await expect(attempt).rejects.toMatchObject({ code: 'CAVRA-E216' });
  });

  function link(target: string, path: string): string {
    symlinkSync(target, path);
    return path;
  }

  function without(name: string): string {
    rmSync(join(folder, name));
    return folder;
  }

  function withLink(name: string): string {
    writeFileSync(join(folder, 'elsewhere'), '{}');
    rmSync(join(folder, name));
    symlinkSync(join(folder, 'elsewhere'), join(folder, name));
    return folder;
  }

  function pipe(path: string): string {
    execFileSync('mkfifo', [path]);
    return path;
  }
});

describe('expectations', () => {
  const met: EvidenceExpectations = {
    provider: 'github-actions',
    repository: 'example-org/example-repo',
    ref: 'refs/heads/main',
    sha: '0123456789abcdef0123456789abcdef01234567',
    run_id: '9000000001',
    decision: 'require_approval',
    max_age_seconds: 300,
  };

  it('that all hold are told in the report', async () => {
    const { codes, failure, report } = await findingsWith(met);
    expect({ codes, failure }).toEqual({ codes: [], failure: undefined });
    expect(report.expectations).toEqual(met);
  });

  it.each([
    ['provider', 'gitlab-ci'],
    ['repository', 'Example-Org/example-repo'],
    ['repository', 'example-org/example-rep'],
    ['repository', ''],
    ['ref', 'refs/heads/mai'],
    ['sha', '0123456789ABCDEF0123456789ABCDEF01234567'],
    ['run_id', '900000000'],
    ['decision', 'allow'],
    ['decision', 'block'],
    ['max_age_seconds', 200],
  ] as const)('%s %j that does not hold fails', async (name, value) => {
    const { codes, failure, report } = await findingsWith({ ...met, [name]: value });
    expect(codes).toEqual([`expectation_${name === 'max_age_seconds' ? 'max_age' : name}`]);
    expect(failure).toBe('CAVRA-E402');
    expect(report.valid).toBe(false);
    expect(report.errors).toHaveLength(1);
  });

  it('must hold in every record', async () => {
    const stranger = { identity: { ...IDENTITY, run_id: '7' }, algorithm: 'OIDC-JWT' };
    writeRun(sealChain([{}, { request: { runner_auth: stranger } }, { request: {} }]), ALLOW);
    rmSync(join(folder, CLAIMS_FILE));
    rmSync(join(folder, RESPONSE_FILE));
    const { report, failure } = await findingsWith({ run_id: '9000000001' });
    expect(failure).toBe('CAVRA-E402');
    expect(report.findings.find(({ code }) => code === 'expectation_run_id')).toMatchObject({
      record: 2,
      line: 2,
      message: 'run_id is "7", expected "9000000001", and 1 more records likewise',
    });
  });

  it('fail on a record whose runner was not authenticated', async () => {
    const refused: DecisionResponse = { decision: 'block', rule_id: 'runner_auth.invalid' };
    writeRun(sealChain([{ response: ALLOW }, { response: refused }]), refused);
    expect(await findingsWith({ decision: 'block' })).toMatchObject({
      codes: ['expectation_authentication'],
      failure: 'CAVRA-E402',
    });
    expect((await verify()).failure).toBeUndefined();
    expect((await verify({ expectations: {} })).failure).toBeUndefined();
  });

  it('do not hide that the evidence is invalid', async () => {
    writeRun([...LINES, '{}'], REVIEW);
    const { failure } = await findingsWith({ ...met, run_id: '1' });
    expect(failure).toBe('CAVRA-E401');
  });

  it('of age are not met by a time in the future', async () => {
    writeRun(sealChain([{ timestamp: '2026-03-04T05:11:01Z', response: ALLOW }]), ALLOW);
    expect(await findingsWith({ max_age_seconds: 300 })).toMatchObject({ codes: ['expectation_max_age'] });
    writeRun(sealChain([{ timestamp: '2026-03-04T05:11:00Z', response: ALLOW }]), ALLOW);
    expect(await findingsWith({ max_age_seconds: 300 })).toMatchObject({ codes: [] });
  });

  it('are not met by an empty stream', async () => {
    writeRun([], REVIEW);
    const { codes } = await findingsWith(met);
    expect(codes).toEqual(expect.arrayContaining(['empty_stream', 'expectation_decision', 'expectation_max_age']));
  });
});

describe('the files beside the stream', () => {
  async function codes(): Promise<string[]> {
    return (await verify()).report.findings.map(({ code }) => code);
  }

  it('may be missing, with a warning', async () => {
    rmSync(join(folder, CLAIMS_FILE));
    rmSync(join(folder, RESPONSE_FILE));
    const { report, failure } = await verify();
    expect(failure).toBeUndefined();
    expect(report.findings.map(({ code, severity }) => `${severity} ${code}`)).toEqual([
      'warning claims_missing',
      'warning response_missing',
    ]);
  });

  it.each([
    ['a better response of the stream', responseFileText(ALLOW)],
    ['a response that is in no record', responseFileText({ ...REVIEW, reason: 'x' })],
    ['another decision', responseFileText({ ...REVIEW, decision: 'block' })],
  ])('%s is a mismatch', async (_name, text) => {
    writeFileSync(join(folder, RESPONSE_FILE), text);
    expect(await codes()).toEqual(['response_mismatch']);
    expect((await verify()).failure?.code).toBe('CAVRA-E401');
  });

  it.each([
    ['nothing', ''],
    ['a list', '[]'],
    ['a duplicate member', '{"decision":"block","decision":"require_approval"}'],
    ['an unknown member', '{"decision":"require_approval","approved":"yes"}'],
    ['another type', '{"decision":true}'],
    ['a list with a number', '{"decision":"block","evidence_refs":[1]}'],
    ['deep nesting', '['.repeat(100_000)],
  ])('a response file with %s is unreadable', async (_name, text) => {
    writeFileSync(join(folder, RESPONSE_FILE), text);
    expect(await codes()).toEqual(['response_unreadable']);
  });

  it('may be laid out in another way', async () => {
    writeFileSync(join(folder, RESPONSE_FILE), JSON.stringify({ ...REVIEW, reason: '' }));
    writeFileSync(join(folder, CLAIMS_FILE), JSON.stringify(IDENTITY));
    expect(await codes()).toEqual([]);
  });

  it.each([
    ['another runner', { ...IDENTITY, sha: 'f'.repeat(40) }, 'claims_mismatch'],
    ['fewer claims', { provider: 'github-actions' }, 'claims_mismatch'],
    ['an unknown claim', { ...IDENTITY, admin: 'yes' }, 'claims_unreadable'],
  ])('%s in the claims is found', async (_name, claims, code) => {
    writeFileSync(join(folder, CLAIMS_FILE), JSON.stringify(claims));
    expect(await codes()).toEqual([code]);
  });

  it('need the runner in every record but those refused for want of a proof', async () => {
    const refused: DecisionResponse = { decision: 'block', rule_id: 'runner_auth.invalid' };
    writeRun(sealChain([{ request: {}, response: refused }]), refused);
    expect(await codes()).toEqual([]);
    writeRun(sealChain([{ request: {}, response: BLOCK }]), BLOCK);
    expect(await codes()).toEqual(['claims_mismatch']);
  });

  it('may differ from the stream in how old encoders escape (weakness row 34)', async () => {
    const [line = ''] = sealChain([{ response: { ...BLOCK, reason: 'a\b\f\\b' } }], 'unsigned');
    expect(line).toContain('\\b\\f\\\\b');
    writeRun([line.replace('\\b\\f', '\\u0008\\u000c')], { ...BLOCK, reason: 'a\b\f\\b' });
    const { report } = await verify({ keys: [], integrityOnly: true });
    expect(report.findings.map(({ code }) => code)).toEqual(['record_hash_mismatch']);
  });
});

describe('a large stream', () => {
  it('is verified in constant memory', async () => {
    const lines = sealChain(Array.from({ length: 10_000 }, () => ({ response: REVIEW })));
    writeRun(lines, REVIEW);
    global.gc?.();
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    const progress = () => {
      peak = Math.max(peak, process.memoryUsage().arrayBuffers);
    };
    const { report } = await verifyEvidence(
      { path: folder, keys: [VERIFICATION_KEY], integrityOnly: false },
      { ...ports, progress },
    );
    expect(report).toMatchObject({ valid: true, records: 10_000 });
    expect(stream(lines).length).toBeGreaterThan(10 * 1024 * 1024);
    expect(peak - before).toBeLessThan(7 * 1024 * 1024);
  });
});
