import { describe, expect, it } from '@jest/globals';
import { applyDefaults } from '../../../src/domain/decision/defaults.ts';
import { decide, type Verdict } from '../../../src/domain/decision/rules.ts';
import type { EvaluateRequest, ReleaseGovernance } from '../../../src/domain/wire/messages.ts';

const APPROVED = { approval_state: 'approved', approval_id: 'CHG-1' } as const;
const KNOWN = { metadata_kind: 'rollout-artifact-integrity' } as const;

function strict(record: ReleaseGovernance, rest: EvaluateRequest = {}): Verdict {
  return decide({ target: 'prod', ...rest, release_governance: record }, 'strict');
}

function compatible(record: ReleaseGovernance): Verdict {
  return decide({ target: 'prod', release_governance: record }, 'compatible');
}

const integrity = { decision: 'block', rule_id: 'release_governance.integrity.failed', severity: 'critical' };
const unknownStatus = { decision: 'require_approval', rule_id: 'release_governance.status.unknown', severity: 'high' };
const delivery = { decision: 'block', rule_id: 'release_governance.delivery.failed', severity: 'high' };
const denied = { decision: 'block', rule_id: 'release_governance.approval.denied', severity: 'critical' };
const missing = { decision: 'block', rule_id: 'release_governance.approval.missing', severity: 'critical' };
const approved = { decision: 'allow', rule_id: 'release_governance.approval.approved', severity: 'low' };
const signal = { decision: 'require_approval', rule_id: 'release_governance.signal.critical', severity: 'high' };
const verified = { decision: 'allow', rule_id: 'release_governance.record.verified', severity: 'low' };
const unknownKind = { decision: 'require_approval', rule_id: 'release_governance.kind.unknown', severity: 'medium' };

describe('S1: failed integrity blocks, whoever approved', () => {
  it.each<ReleaseGovernance>([
    { integrity_status: 'failed' },
    { integrity_status: 'mismatch' },
    { integrity_status: ' Tampered ' },
    { verification_status: 'failed' },
    { verification_status: 'BLOCKED' },
    { verification_status: 'mismatch' },
    { integrity_failure_count: 1n },
    { failed_verification_count: 9223372036854775807n },
  ])('%o', (bad) => {
    for (const approval of [{}, APPROVED, { approval_state: 'pending' }, { approval_state: 'denied' }]) {
      expect(strict({ ...KNOWN, ...approval, ...bad })).toMatchObject({
        ...integrity,
        approver_group: 'Release Governance',
      });
    }
    expect(compatible({ ...KNOWN, ...APPROVED, ...bad })).toMatchObject(approved);
  });

  it('names what failed', () => {
    const { reason } = strict({ ...KNOWN, integrity_status: 'Tampered', failed_verification_count: 2n });
    expect(reason).toBe(
      'rollout-artifact-integrity includes failed integrity or verification evidence: integrity_status tampered, failed_verification_count 2.',
    );
  });

  it('is not met by a count of 0 or below', () => {
    expect(strict({ ...KNOWN, integrity_failure_count: 0n, failed_verification_count: -1n })).toMatchObject(verified);
  });

  it('comes before an unknown status and a failed delivery', () => {
    const record = {
      metadata_kind: 'release-connector-delivery',
      audit_export_status: 'odd',
      integrity_status: 'failed',
    };
    expect(strict(record)).toMatchObject(integrity);
  });
});

describe('S2: a status word that nobody knows needs an approval', () => {
  const statuses = ['integrity_status', 'verification_status', 'audit_export_status'] as const;

  it.each(statuses)('%s', (member) => {
    for (const word of ['odd', 'tamperd', 'passed!', 'o k', 'unknown', 'pending', 'true', '0']) {
      expect(strict({ ...KNOWN, [member]: word })).toMatchObject({
        ...unknownStatus,
        reason: `rollout-artifact-integrity has an unknown status: ${member} ${word}.`,
      });
      expect(strict({ ...KNOWN, ...APPROVED, [member]: word })).toMatchObject(unknownStatus);
      expect(compatible({ ...KNOWN, [member]: word })).toMatchObject(verified);
    }
  });

  it.each(statuses)('%s may say in any known way that all is well, or nothing', (member) => {
    const words = 'passed verified valid ok success succeeded complete completed intact match matched exported';
    for (const word of [...words.split(' '), 'not_applicable', 'Not-Applicable', ' OK\n', '', '  ']) {
      expect(strict({ ...KNOWN, [member]: word })).toMatchObject(verified);
    }
  });

  it('knows the bad words of each status alone', () => {
    expect(strict({ ...KNOWN, verification_status: 'tampered' })).toMatchObject(unknownStatus);
    expect(strict({ ...KNOWN, integrity_status: 'blocked' })).toMatchObject(unknownStatus);
    expect(strict({ ...KNOWN, audit_export_status: 'mismatch' })).toMatchObject(unknownStatus);
    expect(strict({ ...KNOWN, audit_export_status: 'failed' })).toMatchObject(signal);
  });

  it('undoes no block, and stands before every allow', () => {
    const odd = { verification_status: 'odd' } as const;
    expect(strict({ metadata_kind: 'release-connector-delivery', ...odd })).toMatchObject(delivery);
    expect(strict({ ...KNOWN, ...odd, approval_state: 'denied' })).toMatchObject(denied);
    expect(strict({ ...KNOWN, ...odd, approval_state: 'approved' })).toMatchObject(missing);
    for (const rest of [APPROVED, { approval_state: 'pending' }, { metadata_kind: 'custom-kind' }]) {
      expect(strict({ ...KNOWN, ...odd, ...rest })).toMatchObject(unknownStatus);
    }
  });

  it('does not look at the statuses that have no list of good words', () => {
    expect(strict({ ...KNOWN, alert_level: 'odd', drift_status: 'odd', handoff_status: 'odd' })).toMatchObject(
      verified,
    );
  });
});

describe('S3: an approval does not undo a failed delivery', () => {
  it.each(['release-connector-delivery', 'endpoint-management-publication-delivery'])('%s', (kind) => {
    for (const approval of [APPROVED, { approval_state: 'pending' }, {}]) {
      expect(strict({ metadata_kind: kind, ...approval })).toMatchObject(delivery);
      expect(strict({ metadata_kind: kind, ...approval, delivery_success: false })).toMatchObject(delivery);
    }
    expect(compatible({ metadata_kind: kind, ...APPROVED })).toMatchObject(approved);
    expect(strict({ metadata_kind: kind, delivery_success: true, ...APPROVED })).toMatchObject(approved);
    expect(strict({ metadata_kind: kind, delivery_success: true })).toMatchObject(verified);
  });

  it('reads the target where there is no kind, which row 7 does not', () => {
    const request = { target: 'release-connector-delivery', release_governance: { release_channel: 'stable' } };
    expect(decide(request, 'strict')).toMatchObject(delivery);
    expect(decide(request, 'compatible')).toMatchObject(verified);
    const approvedRequest = { ...request, release_governance: { ...request.release_governance, ...APPROVED } };
    expect(decide(approvedRequest, 'strict')).toMatchObject(delivery);
  });
});

describe('S4: drift_detected is a critical signal', () => {
  it('under the strict rules only', () => {
    for (const word of ['drift_detected', 'Drift-Detected']) {
      expect(strict({ ...KNOWN, drift_status: word })).toMatchObject(signal);
      expect(compatible({ ...KNOWN, drift_status: word })).toMatchObject(verified);
    }
  });
});

describe('S5: an unknown kind needs an approval', () => {
  it.each(['custom-kind', 'Rollout-Promotion-Execution', 'rollout_promotion_execution', '__proto__', 'toString'])(
    '%s',
    (kind) => {
      const reason = `${kind} is not a known kind of release governance record.`;
      expect(strict({ metadata_kind: kind })).toMatchObject({ ...unknownKind, reason });
      expect(compatible({ metadata_kind: kind })).toMatchObject({
        rule_id: 'release_governance.approval.not_required',
      });
    },
  );

  it('takes the target where there is no kind', () => {
    expect(strict({ release_channel: 'stable' })).toMatchObject({
      ...unknownKind,
      reason: 'prod is not a known kind of release governance record.',
    });
    expect(strict({ release_channel: 'stable' }, { target: 'rollout-evidence-capture' })).toMatchObject(verified);
  });

  it('stands behind the blocks and before every allow', () => {
    const odd = { metadata_kind: 'custom-kind' } as const;
    for (const rest of [APPROVED, { approval_state: 'odd' }, { blocked_count: 1n }, { approval_required_count: 1n }]) {
      expect(strict({ ...odd, ...rest })).toMatchObject(unknownKind);
    }
    expect(strict({ ...odd, approval_state: 'denied' })).toMatchObject(denied);
    expect(strict({ ...odd, approval_state: 'approved' })).toMatchObject(missing);
    expect(strict({ ...odd, integrity_status: 'failed' })).toMatchObject(integrity);
  });
});

describe('an approval that accepts critical signals', () => {
  it('says so under the strict rules', () => {
    const record = {
      ...KNOWN,
      ...APPROVED,
      drift_status: 'Drift-Detected',
      alert_level: 'breached',
      blocked_count: 3n,
    };
    expect(strict(record)).toMatchObject({
      ...approved,
      reason:
        'rollout-artifact-integrity is backed by an approved release governance approval, which accepts these critical signals: alert_level breached, drift_status drift_detected, blocked_count 3.',
    });
    expect(compatible(record).reason).toBe(
      'rollout-artifact-integrity is backed by an approved release governance approval.',
    );
  });

  it('is an allow without approver group', () => {
    expect(strict({ ...KNOWN, ...APPROVED })).not.toHaveProperty('approver_group');
  });
});

describe('an approval needs something that can be looked up', () => {
  it.each([undefined, '', '   ', '\u00a0\u0085'])('%j is no approval id', (id) => {
    const record = { ...KNOWN, approval_state: 'approved', ...(id === undefined ? {} : { approval_id: id }) };
    for (const verdict of [strict(record), compatible(record)]) {
      expect(verdict).toMatchObject({ decision: 'block', rule_id: 'release_governance.approval.missing' });
    }
  });
});

describe('records that say nothing', () => {
  it.each<EvaluateRequest>([
    { action_type: 'release_governance_record' },
    { action_type: 'release_governance_record', release_governance: {} },
    {
      action_type: 'release_governance_record',
      release_governance: { metadata_kind: '', blocked_count: 0n, delivery_success: false, failed_providers: [] },
    },
  ])('%#', (request) => {
    for (const mode of ['strict', 'compatible'] as const) {
      expect(decide(request, mode)).toMatchObject({
        decision: 'require_approval',
        rule_id: 'release_governance.record.missing',
      });
    }
    expect(applyDefaults(request)).toMatchObject({
      target: 'release-governance-record',
      requested_operation: 'verify',
    });
  });
});

describe('other actions', () => {
  it.each(['read_file', 'Release_Governance_Record', ' release_governance_record'])('%j needs a review', (action) => {
    for (const mode of ['strict', 'compatible'] as const) {
      expect(decide({ action_type: action, release_governance: { ...KNOWN, ...APPROVED } }, mode)).toMatchObject({
        decision: 'require_approval',
        rule_id: 'runtime.default.require_approval',
        approver_group: 'Repository Owners',
      });
    }
  });
});

describe('text is read as the Go implementation reads it', () => {
  it.each<[string, string]>([
    ['\u0085approved\u00a0', 'release_governance.approval.approved'],
    ['\ufeffapproved', 'release_governance.approval.unknown'],
    ['den\u0130ed', 'release_governance.approval.denied'],
    ['appro\u00advved', 'release_governance.approval.unknown'],
  ])('%j', (state, rule) => {
    expect(compatible({ ...KNOWN, approval_state: state, approval_id: 'x' }).rule_id).toBe(rule);
  });

  it('in a time that grows with its length only', () => {
    const text = `a${' '.repeat(1_000_000)}b`;
    const start = process.hrtime.bigint();
    strict({ metadata_kind: text, approval_state: text, integrity_status: text });
    expect(Number(process.hrtime.bigint() - start) / 1e6).toBeLessThan(2_000);
  });
});
