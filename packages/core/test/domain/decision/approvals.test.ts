import { describe, expect, it } from '@jest/globals';
import { type ApprovalsFinding, decide, type Verdict } from '../../../src/domain/decision/rules.ts';
import { RuntimeFailure } from '../../../src/domain/diagnosis.ts';
import type { ReleaseGovernance } from '../../../src/domain/wire/messages.ts';

const KNOWN = { metadata_kind: 'rollout-promotion-execution' } as const;
const PROVEN: ApprovalsFinding = { rejectedBy: [], emergencyBy: null, proven: true, summary: '1 of 1: ann by ssh' };
const UNPROVEN: ApprovalsFinding = { ...PROVEN, proven: false, summary: '0 of 1' };
const REJECTED: ApprovalsFinding = { ...PROVEN, rejectedBy: ['bob by ssh'] };
const EMERGENCY: ApprovalsFinding = { ...UNPROVEN, emergencyBy: 'cara' };

function judge(record: ReleaseGovernance, approvals: ApprovalsFinding): Verdict {
  return decide({ target: 'prod', release_governance: { ...KNOWN, ...record } }, 'strict', approvals);
}

const rule = (record: ReleaseGovernance, approvals: ApprovalsFinding) =>
  judge(record, approvals).rule_id.replace('release_governance.', '');

describe('S9: proven approvals', () => {
  it.each([undefined, '', 'pending', 'approved', ' Approved '])('answer the state %j', (state) => {
    const record = state === undefined ? {} : { approval_state: state };
    const expected = { decision: 'allow', rule_id: 'release_governance.approval.proven', severity: 'low' };
    for (const id of [{}, { approval_id: 'CHG-1' }]) {
      expect(judge({ ...record, ...id }, PROVEN)).toMatchObject(expected);
      expect(judge({ ...record, ...id }, PROVEN)).not.toHaveProperty('approver_group');
    }
  });

  it('say who, and which signals they accept', () => {
    expect(judge({ drift_status: 'drift_detected' }, PROVEN).reason).toBe(
      'rollout-promotion-execution has proven approvals: 1 of 1: ann by ssh, which accepts these critical signals: drift_status drift_detected.',
    );
  });

  it('undo nothing that speaks against the release', () => {
    for (const finding of [PROVEN, EMERGENCY, UNPROVEN, REJECTED]) {
      expect(rule({ integrity_status: 'failed' }, finding)).toBe('integrity.failed');
      expect(rule({ metadata_kind: 'release-connector-delivery' }, finding)).toBe('delivery.failed');
      expect(rule({ approval_state: 'denied' }, finding)).toBe('approval.denied');
    }
    for (const finding of [PROVEN, EMERGENCY, UNPROVEN]) {
      expect(rule({ audit_export_status: 'odd' }, finding)).toBe('status.unknown');
      expect(rule({ metadata_kind: 'custom-kind' }, finding)).toBe('kind.unknown');
    }
    expect(rule({ approval_state: 'odd' }, PROVEN)).toBe('approval.unknown');
  });
});

describe('S8: approvals that are not proven', () => {
  it.each(['', 'pending', 'approved', 'odd'])('stop the state %j, whatever approval_id says', (state) => {
    const verdict = judge({ approval_state: state, approval_id: 'CHG-1' }, UNPROVEN);
    expect(verdict).toEqual({
      decision: 'require_approval',
      rule_id: 'release_governance.approval.unproven',
      severity: 'high',
      reason: 'rollout-promotion-execution is not approved: 0 of 1.',
      approver_group: 'Release Governance',
    });
  });

  it('stop kinds that need no approval by themselves', () => {
    expect(rule({ metadata_kind: 'rollout-evidence-capture' }, UNPROVEN)).toBe('approval.unproven');
  });
});

describe('S6: a rejection', () => {
  it('stands before every approval, an emergency and an unknown status or kind', () => {
    for (const finding of [REJECTED, { ...EMERGENCY, rejectedBy: ['bob by ssh'] }]) {
      for (const record of [{}, { audit_export_status: 'odd' }, { metadata_kind: 'custom-kind' }]) {
        expect(judge(record, finding)).toMatchObject({
          decision: 'block',
          rule_id: 'release_governance.approval.rejected',
          severity: 'critical',
        });
      }
    }
    expect(judge({}, REJECTED).reason).toBe('rollout-promotion-execution was rejected by bob by ssh.');
  });
});

describe('S7: an emergency', () => {
  it.each(['', 'pending', 'approved'])('passes the state %j', (state) => {
    expect(judge({ approval_state: state }, EMERGENCY)).toMatchObject({
      decision: 'allow',
      rule_id: 'release_governance.approval.emergency',
      severity: 'high',
    });
  });

  it('is told even where approvals are proven too', () => {
    expect(rule({}, { ...PROVEN, emergencyBy: 'cara' })).toBe('approval.emergency');
    expect(judge({ blocked_count: 1n }, EMERGENCY).reason).toBe(
      'rollout-promotion-execution passes by an emergency approval of cara, which accepts these critical signals: blocked_count 1.',
    );
  });

  it('does not pass an unknown state', () => {
    expect(rule({ approval_state: 'odd' }, EMERGENCY)).toBe('approval.unproven');
  });
});

it('has no place under the compatible rules', () => {
  const request = { release_governance: { ...KNOWN, approval_state: 'approved', approval_id: 'CHG-1' } };
  const error = expect(() => decide(request, 'compatible', PROVEN));
  error.toThrow(RuntimeFailure);
  error.toThrow(expect.objectContaining({ code: 'CAVRA-E599' }));
});
