import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { diagnosisPage } from '../../../../scripts/published/errors-page.ts';
import {
  AuthenticationError,
  ConfigurationError,
  DIAGNOSES,
  type DiagnosisCode,
  exitStatusOf,
} from '../../src/domain/diagnosis.ts';
import { FINDINGS } from '../../src/domain/verification/findings.ts';

describe('diagnoses', () => {
  it.each(Object.entries(DIAGNOSES))('%s reads well and leads to an exit status', (code, { title, action }) => {
    expect(code).toMatch(/^CAVRA-E[1-6][0-9]{2}$/);
    expect(exitStatusOf(code as DiagnosisCode)).toBeGreaterThanOrEqual(1);
    expect(title).toMatch(/^[a-z].*[^.]$/);
    expect(action).toMatch(/^[`a-z].*[^.]$/);
  });

  it('errors carry code, exit status, action and cause', () => {
    const cause = new Error('why');
    const error = new ConfigurationError('CAVRA-E206', 'no key', { cause });
    expect(error).toMatchObject({ name: 'ConfigurationError', code: 'CAVRA-E206', exitStatus: 2, cause });
    expect(error.action).toBe(DIAGNOSES['CAVRA-E206'].action);
    expect(new AuthenticationError('CAVRA-E301', 'nothing').exitStatus).toBe(3);
  });

  it('docs/errors.md is the table; `node scripts/generate-schemas.mjs` writes it', () => {
    expect(readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8')).toBe(diagnosisPage());
  });

  it('docs/troubleshooting.md has every finding of the verifier', () => {
    const page = readFileSync(new URL('../../../../docs/troubleshooting.md', import.meta.url), 'utf8');
    expect(Object.keys(FINDINGS).filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
  });
});
