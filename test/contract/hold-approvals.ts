import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SettingName } from '@cavra/release-governance-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { NAMESPACE, type SshSigner, sshSign, sshSigner } from '../support/ssh-signer.ts';
import type { ContractJob, ContractResult, FrontEnd, Session } from './front-end.ts';

const REQUEST = 'release.json';
const APPROVALS_FILE = 'release-governance-approvals.jsonl';
/** Who starts the runs of the platforms' fakes; the Azure token names nobody. */
const STARTERS = { 'github-actions': '1234567', 'gitlab-ci': '1', 'azure-pipelines': '' } as const;
const ANCHORS = {
  'github-actions': 'repository: example-org/example-repo',
  'gitlab-ci': 'project_path: { glob: "*/*" }',
  'azure-pipelines': 'rpo_id: { glob: "*/*" }',
} as const;

const RECORD = { metadata_kind: 'rollout-promotion-execution', release_version: 'v2.4.0' };

const manager = sshSigner();
const starter = sshSigner();
const stranger = sshSigner();

/** The contract on approvals: the same policy and files lead to the same decision and evidence, whichever platform asks. */
export function holdApprovals(frontEnd: FrontEnd): void {
  const { provider } = frontEnd;
  let session: Session;
  const jobs: ContractJob[] = [];
  beforeAll(async () => {
    session = await frontEnd.open();
  });
  afterEach(() => {
    session.platform.heal();
    for (const job of jobs.splice(0)) job.dispose();
  });
  afterAll(() => session.close());

  /** A job with a policy that asks for one approval by signature. */
  const newJob = (): ContractJob => {
    const job = session.newJob();
    jobs.push(job);
    writeFileSync(join(job.workspace, 'policy.yaml'), policyOf(provider));
    writeFileSync(join(job.workspace, REQUEST), JSON.stringify({ target: 'production', release_governance: RECORD }));
    mkdirSync(join(job.workspace, 'approvals'));
    return job;
  };
  const settings = (job: ContractJob) => ({
    request: REQUEST,
    'trust-policy': 'policy.yaml',
    'trust-policy-sha256': digestOf(job, 'policy.yaml'),
    approval: 'approvals/*.approval.json',
  });
  const run = async (job: ContractJob, changes: Readonly<Partial<Record<SettingName, string>>> = {}) =>
    job.run({ ...settings(job), ...changes });
  const expectWaiting = (result: ContractResult, ...words: readonly string[]) => {
    expect(result).toMatchObject({
      passed: false,
      outputs: { decision: 'require_approval', 'diagnosis-code': 'CAVRA-E101' },
    });
    expect(result.outputs['rule-id']).toBe('release_governance.approval.unproven');
    for (const word of words) expect(result.outputs['reason']).toContain(word);
  };

  describe(`${frontEnd.name}: an approval`, () => {
    it('by somebody else lets the release pass, and the evidence has it', async () => {
      const job = newJob();
      approve(job, provider, manager);
      const result = await run(job);
      expect(result).toMatchObject({ passed: true, outputs: { 'rule-id': 'release_governance.approval.proven' } });
      expect(result.outputs['reason']).toContain('1 of 1 required person approved; manager by ssh');
      const file = result.published.get(APPROVALS_FILE) ?? '';
      const line = JSON.parse(file);
      const digest = createHash('sha256').update(file.trimEnd()).digest('hex');
      const record = JSON.parse(result.published.get('release-governance-evidence.jsonl') ?? '');
      expect(record.response.evidence_refs[1]).toBe(`urn:cavra:approvals:sha256:${digest}`);
      expect(line).toMatchObject({
        request_sha256: digestOf(job, REQUEST),
        record_id: record.record_id,
        trust_rule: 'release',
        run: { provider, commit: job.proven.sha, run_id: job.proven.run_id, asserted: [] },
        approvals: [
          { source: 'ssh', approver: { name: 'manager' }, decision: 'approve', counted: true, why_not: null },
        ],
        summary: { required: 1, counted: 1, sources: ['ssh'], approvers: ['manager'], emergency: null },
      });
    });

    it('that nobody has given yet is waited for, whatever the request says', async () => {
      const job = newJob();
      expectWaiting(await run(job), '0 of 1 required person approved');
      const { release_governance: record, ...request } = JSON.parse(readFileSync(join(job.workspace, REQUEST), 'utf8'));
      const approved = { ...record, approval_state: 'approved', approval_id: 'CHG-1' };
      writeFileSync(join(job.workspace, REQUEST), JSON.stringify({ ...request, release_governance: approved }));
      const result = await run(job);
      expectWaiting(result, '0 of 1');
      expect(result.published.get(APPROVALS_FILE)).toContain('"counted":0');
    });

    it('of other bytes, another commit, a stranger or without signature does not count', async () => {
      const job = newJob();
      approve(job, provider, manager, { commit: 'a'.repeat(40) }, 'commit');
      approve(job, provider, stranger, {}, 'stranger');
      approve(job, provider, manager, {}, 'unsigned');
      writeFileSync(join(job.workspace, 'approvals/unsigned.approval.json.sig'), 'none');
      const result = await run(job);
      expectWaiting(result, 'the approval of manager by ssh does not count: it is of the commit');
      for (const reason of ['it is of the commit', 'stands in no list', 'SSH SIGNATURE']) {
        expect(result.published.get(APPROVALS_FILE)).toContain(reason);
      }
      writeFileSync(join(job.workspace, REQUEST), `${readFileSync(join(job.workspace, REQUEST), 'utf8')}\n`);
      expectWaiting(await run(job), 'is of other bytes of release.json');
    });

    it('of whoever started the run does not count, where the platform says who that is', async () => {
      const job = newJob();
      approve(job, provider, starter);
      const result = await run(job);
      if (STARTERS[provider] === '') expect(result.passed).toBe(true);
      else expectWaiting(result, 'the person started this run');
    });

    it('does not help against a rejection', async () => {
      const job = newJob();
      approve(job, provider, manager);
      approve(job, provider, starter, { decision: 'reject' }, 'no');
      const result = await run(job);
      expect(result).toMatchObject({
        passed: false,
        outputs: { decision: 'block', 'rule-id': 'release_governance.approval.rejected' },
      });
      expect(result.outputs['reason']).toContain('rejected by starter by ssh');
    });

    it('is judged again in a second run of the job, which continues the evidence', async () => {
      const job = newJob();
      expectWaiting(await run(job));
      approve(job, provider, manager);
      const second = await run(job);
      expect(second.outputs).toMatchObject({ 'record-count': '2', 'evidence-valid': 'true' });
      expect(second.published.get(APPROVALS_FILE)?.split('\n')).toHaveLength(3);
    });

    it('is asked for by a pinned policy, under the strict rules', async () => {
      const job = newJob();
      approve(job, provider, manager);
      const { 'trust-policy-sha256': _, ...unpinned } = settings(job);
      expect((await job.run(unpinned)).outputs['diagnosis-code']).toBe('CAVRA-E251');
      const pinned = { ...unpinned, 'trust-policy': `policy.yaml@sha256:${digestOf(job, 'policy.yaml')}` };
      expect((await job.run(pinned)).outputs['rule-id']).toBe('release_governance.approval.proven');
      expect((await run(job, { rules: 'compatible' })).outputs['diagnosis-code']).toBe('CAVRA-E250');
      expect((await run(job, { approval: 'policy.yaml' })).outputs['diagnosis-code']).toBe('CAVRA-E253');
      expect((await run(job, { approval: 'approvals/missing.approval.json' })).outputs['diagnosis-code']).toBe(
        'CAVRA-E253',
      );
    });
  });
}

function policyOf(provider: keyof typeof ANCHORS): string {
  const id = (number: string) => `github: '${number}', gitlab: '${number}'`;
  const exclude = STARTERS[provider] === '' ? '[]' : '[starter]';
  return `schema_version: cavra.release-governance.trust-policy.v1
approvers:
  managers:
    - { name: manager, ${id('77')}, ssh: ['${manager.publicKey}'] }
    - { name: starter, ${id(STARTERS[provider] || '78')}, ssh: ['${starter.publicKey}'] }
rules:
  - name: release
    provider: ${provider}
    match: { ${ANCHORS[provider]} }
    approvals: { required: 1, approvers: [managers], sources: [ssh], exclude: ${exclude} }
`;
}

interface Changes {
  readonly commit?: string;
  readonly decision?: string;
}

/** Writes an approval of the request of this job, as the command writes it. */
function approve(
  job: ContractJob,
  provider: string,
  signer: SshSigner,
  { commit, decision = 'approve' }: Changes = {},
  name = 'yes',
): void {
  const request = JSON.parse(readFileSync(join(job.workspace, REQUEST), 'utf8'));
  const sha = commit ?? job.proven.sha;
  const time = (hours: number) => `${new Date(Date.now() + hours * 3_600_000).toISOString().slice(0, 19)}Z`;
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [
      { name: REQUEST, digest: { sha256: digestOf(job, REQUEST) } },
      { name: `git:${sha}`, digest: { gitCommit: sha } },
    ],
    predicateType: 'urn:cavra:release-governance:approval:v1',
    predicate: {
      decision,
      provider,
      issuer: null,
      repository: job.proven.repository,
      repository_id: null,
      run_id: null,
      target: request.target,
      release_version: request.release_governance.release_version,
      metadata_kind: request.release_governance.metadata_kind,
      reason: '',
      not_before: time(-1),
      not_after: time(48),
      nonce: createHash('md5').update(name).digest('hex'),
    },
  };
  const bytes = Buffer.from(`${JSON.stringify(statement)}\n`);
  const path = join(job.workspace, 'approvals', `${name}.approval.json`);
  writeFileSync(path, bytes);
  writeFileSync(`${path}.sig`, sshSign(signer, bytes, { namespace: NAMESPACE }));
}

function digestOf({ workspace }: ContractJob, path: string): string {
  return createHash('sha256')
    .update(readFileSync(join(workspace, path)))
    .digest('hex');
}
