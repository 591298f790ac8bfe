/** The kinds of release metadata that the rules know (docs/decision-rules.md). Letter case counts. */

export const DELIVERY_KINDS: ReadonlySet<string> = new Set([
  'endpoint-management-publication-delivery',
  'release-connector-delivery',
]);

/** Kinds that need an approval whatever `approval_required_count` says. */
export const APPROVAL_KINDS: ReadonlySet<string> = new Set([
  'release-channel-promotion-request',
  'endpoint-reconciliation-automation',
  'endpoint-drift-remediation-request',
  'endpoint-drift-remediation-execution',
  'endpoint-remediation-handoff',
  'rollout-promotion-execution',
  'rollout-rollback-execution',
]);

/** Kinds that do something, rather than ask for it or report on it. */
export const EXECUTION_KINDS: ReadonlySet<string> = new Set([
  'endpoint-drift-remediation-execution',
  'rollout-promotion-execution',
  'rollout-rollback-execution',
]);

export const KNOWN_KINDS: ReadonlySet<string> = new Set([
  'endpoint-inventory-ingestion',
  'endpoint-inventory-freshness-report',
  'managed-endpoint-reconciliation',
  'endpoint-management-export',
  'endpoint-management-publication-delivery',
  'endpoint-reconciliation-automation',
  'endpoint-drift-remediation-request',
  'endpoint-drift-remediation-execution',
  'endpoint-remediation-handoff',
  'endpoint-remediation-handoff-status',
  'endpoint-remediation-sla-report',
  'endpoint-remediation-sla-notification-plan',
  'endpoint-remediation-sla-notification-ack',
  'endpoint-remediation-sla-escalation-plan',
  'endpoint-remediation-sla-escalation-review',
  'endpoint-remediation-sla-escalation-recurrence-plan',
  'endpoint-remediation-sla-escalation-suppression-audit',
  'endpoint-remediation-sla-escalation-recurrence-retry-plan',
  'endpoint-remediation-sla-escalation-owner-digest',
  'endpoint-remediation-sla-escalation-suppression-trend',
  'endpoint-remediation-sla-escalation-recurrence-automation-run',
  'endpoint-remediation-sla-escalation-recurrence-automation-health-alert-plan',
  'endpoint-remediation-sla-escalation-recurrence-automation-health-alert-ack',
  'release-channel-promotion-request',
  'release-connector-delivery',
  'rollout-promotion-execution',
  'rollout-rollback-execution',
  'rollout-evidence-capture',
  'rollout-evidence-verification',
  'rollout-artifact-retrieval',
  'rollout-artifact-integrity',
  'rollout-promotion-audit-export',
  'rollout-rollback-audit-export',
]);
