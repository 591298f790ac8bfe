import { describe, expect, it } from '@jest/globals';
import { ARTIFACT_NAME, defaultArtifactName, secondArtifactName } from '../src/artifact-name.ts';

describe('the default name', () => {
  it.each([
    ['gate', undefined, '1', 'cavra-release-governance-gate-1'],
    ['gate', '0', '2', 'cavra-release-governance-gate-0-2'],
    ['gate', '12', undefined, 'cavra-release-governance-gate-12-1'],
    [undefined, undefined, undefined, 'cavra-release-governance-job-1'],
    ['a/b:c\n##[error]', '../x', '1', 'cavra-release-governance-a-b-c----error--..-x-1'],
    ['日本', undefined, '1', 'cavra-release-governance----1'],
  ])('of job %j, index %j, attempt %j is %s', (job, matrixIndex, attempt, expected) => {
    const name = defaultArtifactName({ job, matrixIndex, attempt });
    expect(name).toBe(expected);
    expect(name).toMatch(ARTIFACT_NAME);
  });

  it('is never too long', () => {
    const job = 'j'.repeat(1000);
    const name = secondArtifactName(defaultArtifactName({ job, matrixIndex: '1', attempt: '1' }), 'a'.repeat(64));
    expect(name).toMatch(ARTIFACT_NAME);
  });
});

describe('a chosen name', () => {
  it.each(['evidence', 'größe (1) 日本', "it's 100% fine [x]", 'a#b'])('%j may be', (name) => {
    expect(name).toMatch(ARTIFACT_NAME);
  });

  it.each([
    '',
    'a/b',
    'a\\b',
    'a:b',
    'a*',
    'a?',
    '"a"',
    '<a>',
    'a|b',
    'a\nb',
    'a\rb',
    'a\u2028b',
    '\u001b[0m',
    'a\u202eb',
    '##[error]a',
    'x'.repeat(201),
  ])('%j may not', (name) => {
    expect(name).not.toMatch(ARTIFACT_NAME);
  });
});
