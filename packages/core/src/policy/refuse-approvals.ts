import { ConfigurationError } from '../domain/diagnosis.ts';
import type { TrustPolicy } from '../domain/trust/trust-policy.ts';

/**
 * Refuses a policy that asks for approvals, where nobody would ask for them or record them: the rule would let pass what it must stop.
 *
 * @param where who cannot, as the subject of the sentence
 * @throws ConfigurationError CAVRA-E254
 */
export function refuseApprovals({ rules }: TrustPolicy, where: string): void {
  const asking = rules.find(({ approvals }) => approvals !== undefined);
  if (asking === undefined) return;
  const message = `the rule ${asking.name} of the trust policy asks for approvals, which ${where} cannot judge and record`;
  throw new ConfigurationError('CAVRA-E254', message);
}
