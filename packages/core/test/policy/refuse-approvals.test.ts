import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../src/domain/diagnosis.ts';
import { parseTrustPolicy } from '../../src/domain/trust/parse/parse-policy.ts';
import { refuseApprovals } from '../../src/policy/refuse-approvals.ts';
import { githubRule, policyDocument } from '../support/trust.ts';

const policy = (members: object) =>
  parseTrustPolicy({
    ...policyDocument(githubRule({}, { name: 'first' }), githubRule({}, { name: 'second', ...members })),
    approvers: { managers: [{ name: 'ann', github: '1001' }] },
  });

describe('a policy that asks for approvals', () => {
  it('is refused where they cannot be judged, whichever rule asks', () => {
    const approvals = { required: 1, approvers: ['managers'], sources: ['github-environment'] };
    const refused = expect(() => refuseApprovals(policy({ approvals }), 'a program of others'));
    refused.toThrow(ConfigurationError);
    refused.toThrow(
      expect.objectContaining({
        code: 'CAVRA-E254',
        message:
          'the rule second of the trust policy asks for approvals, which a program of others cannot judge and record',
      }),
    );
    expect(() => refuseApprovals(policy({}), 'a program of others')).not.toThrow();
  });
});
