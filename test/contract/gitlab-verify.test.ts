import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Session } from './front-end.ts';
import { gitlabTemplate } from './front-ends/gitlab.ts';
import { holdVerifyContract } from './hold-verify-contract.ts';

holdVerifyContract(gitlabTemplate);

describe('a job that is judged, and overrides the variables of the job that verifies it', () => {
  let session: Session;
  beforeAll(async () => {
    session = await gitlabTemplate.open();
  });
  afterAll(() => session.close());

  /** Evidence of an earlier commit, in a job whose dotenv report names that commit. */
  async function verify(overridden: Readonly<Record<string, string>>, own: { readonly token?: 'none' } = {}) {
    const earlier = session.newJob({ run: { sha: 'e'.repeat(40), runId: '1111' } });
    const { published } = await earlier.run({ request: 'examples/approved-promotion.json' });
    const job = session.newJob({ overridden, ...own });
    mkdirSync(join(job.workspace, 'evidence'));
    for (const [name, text] of published) writeFileSync(join(job.workspace, 'evidence', name), text);
    const result = await job.verify({ path: 'evidence' });
    earlier.dispose();
    job.dispose();
    return result;
  }

  it('does not make it accept evidence of an earlier commit', async () => {
    const variables = { CI_COMMIT_SHA: 'e'.repeat(40), CI_PIPELINE_ID: '1111' };
    expect(await verify(variables)).toMatchObject({ passed: false, code: 'CAVRA-E319' });
    expect(await verify(variables, { token: 'none' })).toMatchObject({ passed: false, code: 'CAVRA-E235' });
  });

  it('does not stand in for its token with the gate’s', async () => {
    session.newJob().dispose();
    const isOfGate = (token: string) => audienceOf(token) === 'cavra-release-governance';
    const gateToken = session.platform.keys.issued.findLast(isOfGate) ?? '';
    expect(await verify({ CAVRA_VERIFY_OIDC_TOKEN: gateToken })).toMatchObject({ passed: false, code: 'CAVRA-E317' });
  });
});

function audienceOf(token: string): unknown {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')).aud;
}
