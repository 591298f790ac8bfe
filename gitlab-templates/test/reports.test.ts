import {
  ConfigurationError,
  failureResult,
  GATE_OUTPUTS,
  gateOutputs,
  RuntimeFailure,
} from '@cavra/release-governance-core';
import { describe, expect, it } from '@jest/globals';
import { parseConfiguration } from '../src/configuration/configuration.ts';
import { dotenvName, dotenvText } from '../src/configuration/dotenv.ts';
import { failureLog, resultLog, row, setAsideLog } from '../src/log.ts';
import { annotationsText } from '../src/publication/annotations.ts';
import { artifactName } from '../src/publication/artifact-name.ts';
import { block } from './block.ts';

const result = failureResult(new ConfigurationError('CAVRA-E202', 'no request was given'));
const configuration = (inputs: Readonly<Record<string, string>> = {}) => parseConfiguration(block('gate', inputs));

describe('the dotenv report', () => {
  it('has every output by its name', () => {
    const text = dotenvText({ ...gateOutputs(result), 'artifact-name': 'a' });
    expect(
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.split('=')[0]),
    ).toEqual([...Object.keys(GATE_OUTPUTS).map(dotenvName), 'CAVRA_ARTIFACT_NAME']);
    expect(text).toContain('CAVRA_VERDICT=fail\n');
    expect(text).toContain('CAVRA_DIAGNOSIS_CODE=CAVRA-E202\n');
  });

  it.each([
    ['a\nCAVRA_VERDICT=pass', 'a_CAVRA_VERDICT=pass'],
    [`$CI_JOB_TOKEN $${'{CI_JOB_TOKEN}'}`, '_CI_JOB_TOKEN __CI_JOB_TOKEN_'],
    ['"quoted" \'quoted\' `run` \\ # no comment', '_quoted_ _quoted_ _run_ _ _ no comment'],
    ['  blanks  ', 'blanks'],
    ['ü\u2028\u0000', '___'],
  ])('has no value that GitLab could expand, quote or continue: %j', (value, text) => {
    expect(dotenvText({ reason: value })).toBe(`CAVRA_REASON=${text}\n`);
  });

  it('stays below what GitLab takes', () => {
    const outputs = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`output-${index}`, 'x'.repeat(10_000)]),
    );
    expect(Buffer.byteLength(dotenvText({ verdict: 'fail', ...outputs }))).toBeLessThan(5_000);
    expect(dotenvText({ verdict: 'fail', ...outputs })).toContain('CAVRA_VERDICT=fail\n');
    expect(dotenvText({ reason: 'x'.repeat(10_000) }).length).toBeLessThan(500);
  });
});

describe('the artifact’s name', () => {
  it('is the one that the runner makes of it', () => {
    expect(artifactName(configuration(), { CI_JOB_NAME_SLUG: 'gate', CI_JOB_ID: '7' })).toBe(
      'cavra-release-governance-gate-7',
    );
    expect(
      artifactName(configuration({ artifact_name: `e-$${'{CI_PIPELINE_ID}'}$CI_JOB_ID` }), {
        CI_PIPELINE_ID: '1',
        CI_JOB_ID: '2',
      }),
    ).toBe('e-12');
  });

  it('has no secret in it', () => {
    const environment = {
      CI_JOB_TOKEN: 'secret',
      CI_REGISTRY_PASSWORD: 'secret',
      CI_REPOSITORY_URL: 'https://x:secret@y',
      MY_KEY: 'secret',
    };
    const name = `a$CI_JOB_TOKEN$CI_REGISTRY_PASSWORD$CI_REPOSITORY_URL$${'{MY_KEY}'}`;
    expect(artifactName(configuration({ artifact_name: name }), environment)).toBe('a');
  });
});

describe('the annotations report', () => {
  const job = 'https://gitlab.example.com/group/project/-/jobs/7';
  const annotations = (url: string | undefined, issuer = 'https://gitlab.example.com') =>
    annotationsText(result, '.cavra/go-daemon', configuration({ issuer }), { CI_JOB_URL: url });

  it('links to the evidence', () => {
    expect(JSON.parse(annotations(job) ?? '')).toEqual({
      'Release governance': [
        { external_link: { label: 'Evidence: fail, 0 decisions', url: `${job}/artifacts/browse/.cavra/go-daemon/` } },
      ],
    });
  });

  it.each([
    ['another host', 'https://evil.example/group/project/-/jobs/7'],
    ['a host that begins alike', 'https://gitlab.example.com.evil.example/jobs/7'],
    ['a script', 'javascript:alert(1)'],
    ['a query', `${job}?x`],
    ['no address', 'jobs/7'],
    ['nothing', undefined],
  ])('is left out for %s', (_, url) => {
    expect(annotations(url)).toBeUndefined();
  });

  it('is of gitlab.com without an issuer', () => {
    expect(annotations(job, '')).toBeUndefined();
    expect(annotations('https://gitlab.com/a/b/-/jobs/7', '')).toContain('https://gitlab.com/a/b/-/jobs/7/artifacts');
  });
});

describe('the log', () => {
  it('says what failed and what to do', () => {
    const failure = new RuntimeFailure('CAVRA-E508', 'another program');
    expect(failureLog(failure, {})[0]).toBe('CAVRA-E508: the program of the gate was changed: another program');
    expect(failureLog(failure, {})[1]).toMatch(/^ {2}do +include the template again/);
    const pinned = failureLog(new ConfigurationError('CAVRA-E211', 'not pinned'), {});
    expect(pinned[1]).toContain('set issuer, audience and jwks_url (or jwks) together');
    expect(resultLog(result)).toEqual([
      'CAVRA release gate: FAIL',
      '  asked by  unknown: the run ended before the job was identified',
      '  evidence  none was written',
    ]);
  });

  it('lets no text from outside act', () => {
    const [line = ''] = row('reason', 'a\u001b[2Jb\n section_start:1:x\r');
    expect(line).toMatch(/^[ -~\u200b]+$/);
    expect(line).not.toContain('section_start:');
    const many = Array.from({ length: 12 }, (_, index) => `${index}\n`);
    const [moved = ''] = setAsideLog({ names: many, folder: 'x' });
    expect(moved).toContain('and 2 more');
    expect(moved).not.toContain('\n');
    expect(setAsideLog(undefined)).toEqual([]);
  });
});
