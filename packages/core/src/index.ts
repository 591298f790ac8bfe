/**
 * `@cavra/release-governance-core`: runner authentication, release decisions, signed evidence and its verification.
 *
 * `createGate` runs the gate, `createVerifier` verifies evidence, `readGateSettings` reads the settings of both from wherever a front
 * end has them. Every error that a caller is meant to see is a CavraError with a stable code.
 */

export { configuredSecrets } from './app/credentials.ts';
export { failureResult } from './app/failure-result.ts';
export type { GateOutcome, JudgedDecision } from './app/gate.ts';
export { asCavraError } from './app/gate.ts';
export {
  type AuthenticationJson,
  type CheckpointJson,
  type DecisionJson,
  type DiagnosisJson,
  diagnosisJson,
  type EvidenceJson,
  type GateResult,
  gateResult,
} from './app/gate-result.ts';
export type { GuardResult, IgnoredEntry, PublishableFile, WithheldFile } from './app/guard.ts';
export { GATE_OUTPUTS, type GateOutputName, gateOutputs } from './app/outputs.ts';
export type { PolicyExplainReport, PolicyLintReport } from './app/policy.ts';
export type { AuthenticatedRunner, Clock, Evaluation, RandomBytes } from './app/ports.ts';
export { type LintCode, type LintFinding, type LoadedRequest, lintRequest, newRequest } from './app/requests.ts';
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
} from './app/settings.ts';
export { publicationMarkdown, type SummaryRemark, summaryMarkdown } from './app/summary-markdown.ts';
export { verificationMarkdown } from './app/verification-markdown.ts';
export type { VerifyOutcome } from './app/verify.ts';
export type { InclusionOutcome, InclusionReport } from './app/verify-proof.ts';
export {
  type AuditOptions,
  auditBundles,
  auditHtml,
  type MergeOptions,
  mergeAuditFiles,
} from './composition/audit.ts';
export { type RunDaemonOptions, runDaemon } from './composition/daemon.ts';
export {
  type DaemonControlOptions,
  type DaemonStatus,
  daemonStatus,
  startDaemon,
  stopDaemon,
} from './composition/daemon-control.ts';
export { type DoctorReport, examineJob } from './composition/doctor.ts';
export type { DoctorCheck } from './composition/doctor-check.ts';
export { type ReportedVerification, reportEvidence } from './composition/evidence-report.ts';
export { type CreateGateOptions, createGate, type Gate } from './composition/gate.ts';
export {
  type ChangedKeyReport,
  type ChangeKeyOptions,
  type GeneratedKeyReport,
  type GenerateKeyOptions,
  generateKeyFiles,
  type KeyGeneration,
  retireKeyringKey,
  revokeKeyringKey,
} from './composition/key-management.ts';
export { type KeyStatusOptions, type KeyStatusReport, type KeyStatusRow, keyStatus } from './composition/key-status.ts';
export type { NetworkOptions } from './composition/network.ts';
export { explainPolicyFile, lintPolicyFile } from './composition/policy.ts';
export { type VerifyProofOptions, verifyProofFile } from './composition/proof.ts';
export { type RecheckedEvidence, recheckEvidence } from './composition/recheck.ts';
export { recoverEvidence } from './composition/recover.ts';
export {
  type RuntimePackageReport,
  type VerifyRuntimeOptions,
  verifyRuntimePackage,
} from './composition/runtime-package.ts';
export { runThread } from './composition/thread.ts';
export {
  type CreateVerifierOptions,
  createVerifier,
  type VerificationQuestion,
  type Verifier,
} from './composition/verifier.ts';
export { exceptionText } from './domain/audit/summary.ts';
export type {
  AuditHead,
  AuditSummary,
  BundleLine,
  BundleStatus,
} from './domain/audit/types.ts';
export * from './domain/diagnosis.ts';
export type { EvidenceExpectations } from './domain/evidence/expectations.ts';
export { KNOWN_EVIDENCE_FILES } from './domain/evidence/files.ts';
export { FINDINGS, type Finding, type FindingCode } from './domain/evidence/findings.ts';
export {
  type CheckpointDetails,
  describeFinding,
  reportText,
  type VerificationReport,
  type VerifierIdentity,
} from './domain/evidence/report.ts';
export type { GeneratedKey } from './domain/keys/generate.ts';
export type { KeyPurpose, KeyStatus } from './domain/keys/types.ts';
export { REQUEST_MEMBERS, type RequestMember } from './domain/request/members.ts';
export { logLine } from './domain/text/log-line.ts';
export { printable } from './domain/text/printable.ts';
export type * from './domain/wire/types.ts';
export { copyGuardedFile } from './io/copy-guarded-file.ts';

export { readRequestBytes } from './io/request-files.ts';
export { systemClock, systemRandomBytes } from './io/system.ts';
export { THREAD_ARGUMENT } from './io/thread-argument.ts';
