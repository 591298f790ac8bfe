import type { BundleLine } from '../domain/audit/audit-lines.ts';
import { BundleFacts } from '../domain/audit/bundle-facts.ts';
import { unreadableLine, verifiedLine } from '../domain/audit/bundle-line.ts';
import type { DiagnosisCode } from '../domain/diagnosis.ts';
import { asCavraError } from '../domain/diagnosis.ts';
import type { EvidenceExpectations } from '../domain/verification/expectations.ts';
import { systemClock } from '../io/system/system.ts';
import { serveThread } from '../io/threads/thread-pool.ts';
import type { Environment } from '../settings/credentials.ts';
import { createVerifier, type Verifier } from '../verify/create-verifier.ts';

/** What is asked of every bundle of an audit. Plain data. */
export interface BundleQuestion {
  readonly integrityOnly: boolean;
  readonly expectations?: EvidenceExpectations;
}

/** What tells a thread that it verifies bundles. */
export interface AuditThreadData {
  readonly kind: 'audit';
  readonly question: BundleQuestion;
  readonly verifier: {
    readonly environment: Environment;
    readonly workingDirectory: string;
    readonly keyring: string | undefined;
    readonly publicKeys: readonly string[];
    readonly version: string;
  };
}

/** Mistakes in what the user gave for all bundles: no bundle is to blame for them. */
const FATAL: readonly DiagnosisCode[] = ['CAVRA-E207', 'CAVRA-E209', 'CAVRA-E215', 'CAVRA-E223'];

/**
 * Verifies one bundle of an audit.
 *
 * @throws CavraError only for what is wrong with every bundle's question
 */
export async function verifyBundle(verifier: Verifier, path: string, question: BundleQuestion): Promise<BundleLine> {
  const facts = new BundleFacts();
  try {
    const { report, failure } = await verifier.verify({ path, ...question, observers: [facts] });
    return verifiedLine(path, report, failure, facts);
  } catch (error) {
    const failure = asCavraError(error);
    if (FATAL.includes(failure.code)) throw failure;
    return unreadableLine(path, failure);
  }
}

/** What a thread of an audit does. */
export function serveAuditThread({ question, verifier: options }: AuditThreadData): void {
  const verifier = createVerifier({ ...options, now: systemClock });
  serveThread<string, BundleLine>((path) => verifyBundle(verifier, path, question));
}
