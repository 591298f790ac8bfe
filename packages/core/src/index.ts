/**
 * `@cavra/release-governance-core`: runner authentication, release decisions, signed evidence and its verification.
 *
 * `createGate` runs the gate, `createVerifier` verifies evidence, `readGateSettings` reads the settings of both from wherever a front
 * end has them. Every error that a caller is meant to see is a CavraError with a stable code.
 */

export {
  type AuditOptions,
  auditBundles,
  auditHtml,
  type MergeOptions,
  mergeAuditFiles,
} from './audit/audit-bundles.ts';
export {
  type DaemonControlOptions,
  type DaemonStatus,
  daemonStatus,
  startDaemon,
  stopDaemon,
} from './daemon/control.ts';
export { type RunDaemonOptions, runDaemon } from './daemon/run-daemon.ts';
export type { Evaluation } from './daemon/runtime.ts';
export type { DoctorCheck, DoctorReport } from './doctor/check.ts';
export { examineJob } from './doctor/doctor.ts';
export type {
  AuditHead,
  AuditSummary,
  BundleLine,
  BundleStatus,
} from './domain/audit/audit-lines.ts';
export { exceptionText } from './domain/audit/summary.ts';
export * from './domain/diagnosis.ts';
export { asCavraError } from './domain/diagnosis.ts';
export { KNOWN_EVIDENCE_FILES } from './domain/evidence/files.ts';
export type { GeneratedKey } from './domain/keys/generate.ts';
export type { KeyPurpose, KeyStatus } from './domain/keys/hmac-keys.ts';
export type { Clock, RandomBytes } from './domain/ports.ts';
export { REQUEST_MEMBERS, type RequestMember } from './domain/request/members.ts';
export { logLine } from './domain/text/log-line.ts';
export { printable } from './domain/text/printable.ts';
export type { AuthenticatedRunner } from './domain/trust/trust-decision.ts';
export type { EvidenceExpectations } from './domain/verification/expectations.ts';
export { FINDINGS, type Finding, type FindingCode } from './domain/verification/findings.ts';
export {
  type CheckpointDetails,
  describeFinding,
  reportText,
  type VerificationReport,
  type VerifierIdentity,
} from './domain/verification/report.ts';
export type * from './domain/wire/messages.ts';
export { createGate, type Gate } from './gate/create-gate.ts';
export { type RecheckedEvidence, recheckEvidence } from './gate/recheck.ts';
export { recoverEvidence } from './gate/recover.ts';
export { failureResult } from './gate/result/failure-result.ts';
export { diagnosisJson, gateResult } from './gate/result/gate-result.ts';
export { GATE_OUTPUTS, type GateOutputName, gateOutputs } from './gate/result/outputs.ts';
export { publicationMarkdown, type SummaryRemark, summaryMarkdown } from './gate/result/summary-markdown.ts';
export type { GateOutcome, JudgedDecision } from './gate/run/gate.ts';
export type { CreateGateOptions } from './gate/run/gate-options.ts';
export type { GuardResult, IgnoredEntry, WithheldFile } from './gate/run/guard.ts';
export {
  type RuntimePackageReport,
  type VerifyRuntimeOptions,
  verifyRuntimePackage,
} from './gate/runtime/runtime-package.ts';
export { copyGuardedFile } from './io/evidence/copy-guarded-file.ts';
export type { PublishableFile } from './io/evidence/guarded-folder.ts';
export type { NetworkOptions } from './io/http/network.ts';
export { systemClock, systemRandomBytes } from './io/system/system.ts';
export { THREAD_ARGUMENT } from './io/threads/thread-argument.ts';
export {
  type ChangedKeyReport,
  type ChangeKeyOptions,
  type GeneratedKeyReport,
  type GenerateKeyOptions,
  generateKeyFiles,
  type KeyGeneration,
  retireKeyringKey,
  revokeKeyringKey,
} from './keys/key-management.ts';
export { type KeyStatusOptions, type KeyStatusReport, type KeyStatusRow, keyStatus } from './keys/key-status.ts';
export type { PolicyExplainReport, PolicyLintReport } from './policy/lint-and-explain.ts';
export { explainPolicyFile, lintPolicyFile } from './policy/policy-files.ts';
export type {
  AuthenticationJson,
  CheckpointJson,
  DecisionJson,
  DiagnosisJson,
  EvidenceJson,
  GateResult,
} from './report/model/run-result.ts';
export { readRequestBytes } from './request/request-files.ts';
export { type LintCode, type LintFinding, type LoadedRequest, lintRequest, newRequest } from './request/requests.ts';
export { configuredSecrets } from './settings/credentials.ts';
export {
  camelCase,
  GATE_SETTINGS,
  type GateSettings,
  type GivenSetting,
  readGateSettings,
  type SettingDefinition,
  type SettingKind,
  type SettingLookup,
  type SettingName,
  type SettingRole,
  snakeCase,
} from './settings/gate-settings.ts';
export { runThread } from './thread.ts';
export {
  type CreateVerifierOptions,
  createVerifier,
  type VerificationQuestion,
  type Verifier,
} from './verify/create-verifier.ts';
export { type ReportedVerification, reportEvidence } from './verify/evidence-report.ts';
export { type VerifyProofOptions, verifyProofFile } from './verify/proof-file.ts';
export { verificationMarkdown } from './verify/verification-markdown.ts';
export type { VerifyOutcome } from './verify/verify.ts';
export type { InclusionOutcome, InclusionReport } from './verify/verify-proof.ts';
