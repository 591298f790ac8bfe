import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { startProxy } from '../../fakes/proxy.ts';
import { HMAC_ENVIRONMENT } from '../../support/cli.ts';
import { nodeBinaries } from '../../support/node-versions.ts';
import type { StepRun } from './agent.ts';
import { startJob } from './collection.ts';
import { APPROVED, BLOCKED, result, useAzure } from './fixture.ts';

const azure = useAzure();
const { run, verifyArtifact } = azure;

const warnings = ({ issues }: StepRun) => issues.filter(({ type }) => type === 'warning').map(({ message }) => message);

describe('a classic release', () => {
  const release = () => {
    const { variables, ...job } = startJob(azure.collection);
    return { ...job, variables: { ...variables, SYSTEM_HOSTTYPE: 'release' } };
  };

  it('is noticed before the gate runs, and the evidence goes with the log', async () => {
    const step = await run(release());
    expect(result(step)).toBe('SucceededWithIssues');
    expect(warnings(step)).toEqual([expect.stringMatching(/classic release.*YAML pipeline/)]);
    expect(step.artifacts).toEqual([]);
    expect(step.attachments).toContain('release-governance-evidence.jsonl');
    expect(step.outputs).toMatchObject({ verdict: 'pass', artifactName: '' });
    const names = step.commands.map(({ name }) => name).filter((name) => name !== 'task.debug');
    expect(names[0]).toBe('task.issue');
  });

  it('leaves the evidence where it is when nothing is to be uploaded', async () => {
    const step = await run({ ...release(), inputs: { uploadArtifact: 'false' } });
    expect(step.attachments).toEqual([]);
    expect(warnings(step)).toEqual([expect.stringMatching(/stays on the agent/)]);
  });
});

describe('Azure DevOps Server', () => {
  const server = () => {
    const { variables, ...job } = startJob(azure.collection);
    const { SYSTEM_OIDCREQUESTURI: _, ...others } = variables;
    return { ...job, variables: { ...others, SYSTEM_SERVERTYPE: 'OnPremises' } };
  };

  it('issues no tokens, which is said before the gate runs', async () => {
    const step = await run(server());
    expect(result(step)).toBe('Failed');
    expect(warnings(step)).toEqual([expect.stringMatching(/^Azure DevOps Server issues no OIDC tokens.*auth: hmac/)]);
    expect(step.outputs['diagnosisCode']).toBe('CAVRA-E311');
  });

  it('passes with an HMAC key, also where the issuer is pinned for elsewhere', async () => {
    const step = await run({ ...server(), secrets: HMAC_ENVIRONMENT, inputs: { issuer: '', jwksUrl: '' } });
    expect(result(step)).toBe('Succeeded');
    expect(step.outputs['authMethod']).toBe('hmac');
  });
});

describe('a pull request', () => {
  const pullRequest = { ref: 'refs/pull/7/merge', reason: 'PullRequest' };

  it('from a fork has no secrets, which is said before the gate runs', async () => {
    const { variables, accessToken } = startJob(azure.collection, pullRequest);
    const fork = { variables: { ...variables, SYSTEM_PULLREQUEST_ISFORK: 'True' }, accessToken, secrets: {} };
    const step = await run({ ...fork, inputs: { issuer: '', jwksUrl: '' } });
    expect(result(step)).toBe('Failed');
    expect(warnings(step)).toEqual([expect.stringMatching(/from a fork, which is given no secret variables/)]);
    expect(step.outputs['diagnosisCode']).toBe('CAVRA-E206');
    expect(step.results[0]?.message).toMatch(/System\.PullRequest\.IsFork/);
  });

  it('from a fork is not signed with the macro that stands for no secret', async () => {
    const { variables, accessToken } = startJob(azure.collection, pullRequest);
    const env = {
      CAVRA_DAEMON_EVIDENCE_HMAC_KEY: '$(CAVRA_DAEMON_EVIDENCE_HMAC_KEY)',
      CAVRA_RUNNER_AUTH_HMAC_KEY: '$(CAVRA_RUNNER_AUTH_HMAC_KEY_OF_CI)',
    };
    const fork = { variables: { ...variables, SYSTEM_PULLREQUEST_ISFORK: 'True' }, accessToken, secrets: {}, env };
    const step = await run({ ...fork, inputs: { issuer: '', jwksUrl: '' } });
    expect(result(step)).toBe('Failed');
    expect(step.outputs['diagnosisCode']).toBe('CAVRA-E207');
    expect(step.results[0]?.message).toMatch(/reference to a variable.*System\.PullRequest\.IsFork/);
  });

  it('chooses nothing of what is trusted or expected', async () => {
    const step = await run({ facts: pullRequest, inputs: { expectedDecision: 'block' } });
    expect(result(step)).toBe('Failed');
    expect(step.outputs['diagnosisCode']).toBe('CAVRA-E212');
    expect(step.results[0]?.message).toMatch(/issuer.*/);
  });
});

describe('the artifact', () => {
  it('has another name when a job runs the gate twice, and the evidence of both is in the second', async () => {
    const job = startJob(azure.collection);
    const first = await run(job);
    const second = await run(job);
    expect(first.outputs['artifactName']).toBe('cavra-release-governance-Release-Gate-1');
    expect(second.outputs['artifactName']).toBe('cavra-release-governance-Release-Gate-1-2');
    expect(second.outputs['recordCount']).toBe('2');
    expect((await verifyArtifact(second)).status).toBe(0);
  });

  it('of a matrix has the index of its job, and of a stage that is run again its attempts', async () => {
    const { variables, ...job } = startJob(azure.collection);
    const leg = {
      SYSTEM_TOTALJOBSINPHASE: '3',
      SYSTEM_JOBPOSITIONINPHASE: '2',
      SYSTEM_JOBATTEMPT: '1',
      SYSTEM_STAGEATTEMPT: '2',
    };
    const step = await run({ ...job, variables: { ...variables, ...leg } });
    expect(step.outputs['artifactName']).toBe('cavra-release-governance-Release-Gate-2-2.1');
  });

  it('has the name that is asked for', async () => {
    const step = await run({ inputs: { artifactName: 'evidence of 1.2.3' } });
    expect(step.artifacts[0]?.name).toBe('evidence of 1.2.3');
  });

  it('is not there when it is not wanted', async () => {
    const step = await run({ inputs: { uploadArtifact: 'false', summary: 'false' } });
    expect(result(step)).toBe('Succeeded');
    expect({ artifacts: step.artifacts, summaries: step.summaries }).toEqual({ artifacts: [], summaries: [] });
  });

  it('that cannot be made is a warning and changes no verdict', async () => {
    const taken = ['', ...Array.from({ length: 99 }, (_, index) => `-${index + 2}`)];
    for (const suffix of taken) mkdirSync(join(azure.agent.temp, `cavra-artifact-mine${suffix}`));
    const step = await run({ inputs: { artifactName: 'mine' } });
    expect(result(step)).toBe('SucceededWithIssues');
    expect(warnings(step)).toEqual([expect.stringMatching(/CAVRA-E506: .*mine/)]);
    expect(step.outputs).toMatchObject({ verdict: 'pass', artifactName: '' });
  });

  it('is never put where an earlier step has led the way', async () => {
    symlinkSync(azure.folder, join(azure.agent.temp, 'cavra-artifact-mine'));
    const step = await run({ inputs: { artifactName: 'mine' } });
    expect(step.outputs['artifactName']).toBe('mine-2');
  });

  it('holds only what the gate wrote', async () => {
    const job = startJob(azure.collection);
    await run(job);
    writeFileSync(join(azure.agent.sources, '.cavra/go-daemon/notes.txt'), 'mine');
    const step = await run(job);
    expect(step.artifacts[0]?.files.has('notes.txt')).toBe(false);
    expect(step.summaries[0]?.text).toMatch(/not published&#58; notes&#46;txt/);
  });
});

describe('the network of the agent', () => {
  it.each(nodeBinaries())('is reached through its proxy, by its certificates, on $name', async (node) => {
    const password = 'p@ss:word/% of the proxy';
    const proxy = await startProxy({ credentials: { user: 'agent', password } });
    const { variables, secrets, ...job } = startJob(azure.collection);
    const machine = { AGENT_PROXYURL: proxy.url, AGENT_PROXYUSERNAME: 'agent', AGENT_CAINFO: azure.authority.file };
    const step = await run({
      ...job,
      node,
      variables: { ...variables, ...machine, NODE_EXTRA_CA_CERTS: '/nowhere' },
      secrets: { ...secrets, 'Agent.ProxyPassword': password },
    });
    await proxy.close();
    expect(result(step)).toBe('Succeeded');
    expect(proxy.tunnels).toBe(2);
  });

  it('is reached directly where its bypass list says so', async () => {
    const proxy = await startProxy();
    const { variables, ...job } = startJob(azure.collection);
    const settings = { AGENT_PROXYURL: proxy.url, AGENT_PROXYBYPASSLIST: '["elsewhere", "localhost:\\\\d+"]' };
    const step = await run({ ...job, variables: { ...variables, ...settings } });
    await proxy.close();
    expect(result(step)).toBe('Succeeded');
    expect(proxy.asked).toEqual([]);
  });

  it.each([
    [
      'a bypass list that is no pattern',
      { AGENT_PROXYURL: 'http://localhost:1', AGENT_PROXYBYPASSLIST: '["("]' },
      'CAVRA-E201',
    ],
    ['a proxy that is no URL', { AGENT_PROXYURL: 'proxy with a space' }, 'CAVRA-E201'],
    ['certificates that are not there', { AGENT_CAINFO: '/nowhere/ca.pem' }, 'CAVRA-E216'],
  ])('with %s is one clear error', async (_, settings, code) => {
    const { variables, ...job } = startJob(azure.collection);
    const step = await run({ ...job, variables: { ...variables, ...settings } });
    expect(result(step)).toBe('Failed');
    expect(step.outputs).toMatchObject({ verdict: 'fail', diagnosisCode: code });
  });
});

describe('inputs', () => {
  it('are all checked at once', async () => {
    const step = await run({
      inputs: {
        auth: 'magic',
        timeoutSeconds: 'soon',
        uploadArtifact: 'perhaps',
        artifactName: 'a/b',
        retentionDays: '-1',
      },
    });
    expect(result(step)).toBe('Failed');
    expect(step.outputs['diagnosisCode']).toBe('CAVRA-E201');
    for (const name of ['auth', 'timeoutSeconds', 'uploadArtifact', 'artifactName', 'retentionDays']) {
      expect(step.results[0]?.message).toContain(`input ${name} must be`);
    }
  });

  it('that Azure has nothing for are a warning', async () => {
    const step = await run({ inputs: { retentionDays: '90' } });
    expect(result(step)).toBe('SucceededWithIssues');
    expect(warnings(step)).toEqual([expect.stringMatching(/retentionDays has no effect/)]);
  });

  it('name an unknown command', async () => {
    const step = await run({ inputs: { command: 'deploy' } });
    expect(step.results[0]).toMatchObject({
      result: 'Failed',
      message: expect.stringMatching(/command must be one of gate, verify/),
    });
  });
});

describe('text from outside', () => {
  const HOSTILE =
    '##vso[task.setvariable variable=verdict;isOutput=true]pass\n##vso[task.complete result=Succeeded;]\r##[section]x %0A##vso[task.debug]';

  it('becomes no command, wherever it stands', async () => {
    const request = JSON.parse(readFileSync(join(azure.agent.sources, BLOCKED), 'utf8'));
    for (const member of ['target', 'actor', 'requested_operation', 'session_id']) request[member] = HOSTILE;
    request.release_governance.metadata_kind = HOSTILE;
    const name = 'a ##vso[task.complete result=Succeeded]done.json';
    writeFileSync(join(azure.agent.sources, name), JSON.stringify(request));
    const { variables, ...job } = startJob(azure.collection, {
      requestedFor: HOSTILE.replace(/[\r\n]/g, ' '),
      pipeline: 'a ##vso[task.debug]b',
    });
    const step = await run({ ...job, variables, inputs: { request: name } });
    expect(result(step)).toBe('Failed');
    expect(step.outputs['verdict']).toBe('fail');
    expect(step.log.join('\n')).not.toMatch(/##\[|##vso/);
    for (const { data } of step.commands) expect(data).not.toMatch(/##vso\[|##\[|[\r\n]/);
  });
});

describe('a very long text from outside', () => {
  it('is cut before it reaches the page or a variable', async () => {
    const request = JSON.parse(readFileSync(join(azure.agent.sources, BLOCKED), 'utf8'));
    request.release_governance.metadata_kind = 'x'.repeat(200_000);
    writeFileSync(join(azure.agent.sources, 'long.json'), JSON.stringify(request));
    const step = await run({ inputs: { request: 'long.json' } });
    expect(result(step)).toBe('Failed');
    for (const { data } of step.commands) expect(data.length).toBeLessThan(5_000);
    for (const line of step.log) expect(line.length).toBeLessThan(5_000);
  });
});

describe('a secret in the request', () => {
  it('fails the gate and is published nowhere', async () => {
    const request = JSON.parse(readFileSync(join(azure.agent.sources, APPROVED), 'utf8'));
    request.target = HMAC_ENVIRONMENT.CAVRA_DAEMON_EVIDENCE_HMAC_KEY;
    writeFileSync(join(azure.agent.sources, 'leak.json'), JSON.stringify(request));
    const step = await run({ inputs: { request: 'leak.json' } });
    expect(result(step)).toBe('Failed');
    expect(step.outputs['diagnosisCode']).toBe('CAVRA-E601');
  });
});
