import { describe, expect, it } from '@jest/globals';
import {
  buildResponse,
  RUNNER_AUTH_INVALID,
  RUNNER_NOT_TRUSTED,
  refusalResponse,
} from '../../../src/domain/decision/response.ts';
import { decide } from '../../../src/domain/decision/rules.ts';
import { encodeResponse } from '../../../src/domain/wire/encode.ts';

const STAMP = { decisionId: 'dec_0123456789ab', correlationId: 'corr_ba9876543210', timestamp: '2026-01-02T03:04:05Z' };

describe('buildResponse', () => {
  it('copies the request, fills in defaults and refers to its own evidence', () => {
    const request = {
      actor: 'release-manager',
      release_governance: {
        metadata_kind: ' rollout-promotion-execution ',
        approval_state: 'approved',
        approval_id: 'a',
      },
    };
    expect(buildResponse(request, decide(request, 'strict'), STAMP)).toEqual({
      decision_id: 'dec_0123456789ab',
      session_id: 'local',
      agent_id: 'unknown-agent',
      actor: 'release-manager',
      action_type: 'release_governance_record',
      target: 'rollout-promotion-execution',
      requested_operation: 'verify',
      policy_pack: 'cavra-ai-agent-baseline',
      policy_id: 'cavra-ai-agent-baseline',
      rule_id: 'release_governance.approval.approved',
      decision: 'allow',
      severity: 'low',
      reason: 'rollout-promotion-execution is backed by an approved release governance approval.',
      evidence_refs: ['evidence://local/dec_0123456789ab'],
      timestamp: '2026-01-02T03:04:05Z',
      correlation_id: 'corr_ba9876543210',
    });
  });

  it('leaves out what is empty', () => {
    const response = buildResponse({}, decide({}, 'strict'), STAMP);
    expect(response).not.toHaveProperty('action_type');
    expect(response).not.toHaveProperty('target');
    expect(response).not.toHaveProperty('requested_operation');
    expect(response).toMatchObject({ approver_group: 'Repository Owners' });
  });
});

describe('refusalResponse', () => {
  it('has the members of the request as they are, and neither defaults, id nor time', () => {
    const request = { session_id: 's-1', target: 'prod', release_governance: { metadata_kind: 'x' } };
    const response = refusalResponse(request, RUNNER_AUTH_INVALID, 'runner authentication failed: no proof');
    expect(encodeResponse(response)).toBe(
      '{"session_id":"s-1","target":"prod","rule_id":"runner_auth.invalid","decision":"block","severity":"critical","reason":"runner authentication failed: no proof"}',
    );
  });

  it('tells a runner that is not trusted from one that is not authenticated', () => {
    expect(RUNNER_NOT_TRUSTED).not.toBe(RUNNER_AUTH_INVALID);
    expect(refusalResponse({}, RUNNER_NOT_TRUSTED, 'no')).toEqual({
      rule_id: RUNNER_NOT_TRUSTED,
      decision: 'block',
      severity: 'critical',
      reason: 'no',
    });
  });
});
