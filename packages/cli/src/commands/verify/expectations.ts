import { ConfigurationError, type Decision, type EvidenceExpectations } from '@cavra/release-governance-core';
import type { OptionDefinition, ParsedArguments } from '../../command-line/command.ts';

const MAX_AGE: OptionDefinition = {
  name: 'max-age',
  kind: 'value',
  placeholder: 'SECONDS',
  description: 'the last record must be at most this old',
};

/** `--expect-…`: each must hold, else exit status 4. */
export const EXPECTATIONS: readonly OptionDefinition[] = [
  expectation('repository', 'NAME', 'the repository of every record'),
  expectation('ref', 'REF', 'the ref of every record'),
  expectation('sha', 'COMMIT', 'the commit of every record'),
  expectation('run-id', 'ID', 'the run of every record'),
  expectation('provider', 'NAME', 'github-actions, gitlab-ci, azure-pipelines or local'),
  {
    ...expectation('decision', 'D', 'the worst decision of the stream'),
    choices: ['allow', 'block', 'require_approval'],
  },
  MAX_AGE,
];

function expectation(name: string, placeholder: string, description: string): OptionDefinition {
  return { name: `expect-${name}`, kind: 'value', placeholder, description };
}

/** @throws ConfigurationError CAVRA-E217 an expectation is empty, or no number */
export function expectationsOf(parsed: ParsedArguments): EvidenceExpectations | undefined {
  const text = (name: string) => parsed.values.get(`expect-${name}`);
  const given = {
    provider: text('provider'),
    repository: text('repository'),
    ref: text('ref'),
    sha: text('sha'),
    run_id: text('run-id'),
    decision: text('decision') as Decision | undefined,
    max_age_seconds: maxAge(parsed.values.get(MAX_AGE.name)),
  };
  for (const [name, value] of Object.entries(given)) {
    // An expectation that is empty, for example by an unset variable, must not become none.
    if (value === '')
      throw new ConfigurationError('CAVRA-E217', `verify: --expect-${name.replaceAll('_', '-')} is empty`);
  }
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  return present.length === 0 ? undefined : (Object.fromEntries(present) as EvidenceExpectations);
}

function maxAge(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[0-9]{1,10}$/.test(text)) {
    throw new ConfigurationError('CAVRA-E217', 'verify: --max-age must be a whole number of seconds');
  }
  return Number(text);
}
