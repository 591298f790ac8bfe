import { ConfigurationError, EvidenceError } from '../domain/diagnosis.ts';
import { type EvidenceExpectations, ExpectationCheck } from '../domain/evidence/expectations.ts';
import { isExpectation } from '../domain/evidence/findings.ts';
import { FolderCheck, type SideFiles } from '../domain/evidence/folder-check.ts';
import {
  buildReport,
  describeFinding,
  type VerificationReport,
  type VerifierIdentity,
} from '../domain/evidence/report.ts';
import type { SignaturePolicy } from '../domain/evidence/signatures.ts';
import { type StreamVerification, StreamVerificationRun } from '../domain/evidence/stream-verification.ts';
import type { RecordObserver } from '../domain/evidence/verifier.ts';
import type { HmacVerificationKey } from '../domain/keys/types.ts';
import type { Clock } from './ports.ts';

/** An evidence folder, or a stream by itself. */
export interface EvidenceSource {
  /** Of the stream. */
  readonly path: string;
  /** Bytes of the stream, as far as known when it was opened. */
  readonly size: number;
  /** The stream in pieces; each is valid only until the next is asked for. */
  chunks(): AsyncIterable<Uint8Array>;
  /** The files beside the stream; undefined when the stream was named by itself. */
  readonly sideFiles: SideFiles | undefined;
  close(): Promise<void>;
}

export interface VerifyPorts {
  readonly now: Clock;
  /** The program that verifies, for the report. */
  readonly verifier: VerifierIdentity;
  /**
   * Opens an evidence folder or a stream.
   *
   * @throws EvidenceError CAVRA-E403 there is no evidence
   * @throws ConfigurationError CAVRA-E216 it cannot be read
   */
  openEvidence(path: string): Promise<EvidenceSource>;
  /** Told now and then how many bytes of how many are done. */
  readonly progress?: (done: number, total: number) => void;
}

export interface VerifyOptions {
  /** An evidence folder or a `.jsonl`. */
  readonly path: string;
  /** Keys that may have signed; with any, every record must be signed. */
  readonly keys: readonly HmacVerificationKey[];
  /** Accept that no signature is checked, when there are no keys. */
  readonly integrityOnly: boolean;
  readonly expectations?: EvidenceExpectations;
}

export interface VerifyOutcome {
  readonly report: VerificationReport;
  /** CAVRA-E401 the evidence is invalid, CAVRA-E402 it is valid but not what was expected; undefined: all holds. */
  readonly failure: EvidenceError | undefined;
}

/**
 * Verifies evidence and holds it against expectations. What is wrong with the evidence is in the outcome; thrown is only what keeps it
 * from being looked at.
 *
 * @throws ConfigurationError CAVRA-E215 no key, and not said that none is needed; CAVRA-E207 a key is empty; CAVRA-E216 not readable
 * @throws EvidenceError CAVRA-E403 nothing found
 */
export async function verifyEvidence(options: VerifyOptions, ports: VerifyPorts): Promise<VerifyOutcome> {
  const signatures = signaturePolicy(options);
  const source = await ports.openEvidence(options.path);
  try {
    const observers = observersOf(source, options.expectations, ports.now());
    const verification = await readStream(source, new StreamVerificationRun({ signatures, observers }), ports.progress);
    const { expectations } = options;
    const report = buildReport(verification, {
      path: source.path,
      verifier: ports.verifier,
      ...(expectations === undefined ? {} : { expectations }),
    });
    return { report, failure: failureOf(verification, report) };
  } finally {
    await source.close();
  }
}

function signaturePolicy({ keys, integrityOnly }: VerifyOptions): SignaturePolicy {
  if (keys.length === 0 && !integrityOnly) {
    throw new ConfigurationError('CAVRA-E215', 'no key was given to check signatures with');
  }
  if (keys.some(({ secret }) => secret.length === 0)) {
    throw new ConfigurationError('CAVRA-E207', 'an evidence key is empty');
  }
  return keys.length === 0 ? { mode: 'integrity-only' } : { mode: 'required', keys };
}

function observersOf(
  { sideFiles }: EvidenceSource,
  expectations: EvidenceExpectations | undefined,
  nowMs: number,
): readonly RecordObserver[] {
  return [
    ...(sideFiles === undefined ? [] : [new FolderCheck(sideFiles)]),
    ...(expectations === undefined ? [] : [new ExpectationCheck(expectations, nowMs)]),
  ];
}

async function readStream(
  source: EvidenceSource,
  run: StreamVerificationRun,
  progress: VerifyPorts['progress'],
): Promise<StreamVerification> {
  let done = 0;
  for await (const chunk of source.chunks()) {
    run.write(chunk);
    done += chunk.length;
    progress?.(done, Math.max(source.size, done));
  }
  return run.finish();
}

function failureOf({ findings }: StreamVerification, report: VerificationReport): EvidenceError | undefined {
  const { errorCount, evidenceErrorCount } = findings;
  if (errorCount === 0) {
    return undefined;
  }
  const invalid = evidenceErrorCount > 0;
  const count = invalid ? evidenceErrorCount : errorCount;
  const first = report.findings.find(({ code, severity }) => severity === 'error' && isExpectation(code) !== invalid);
  const cause = first === undefined ? 'see the report' : describeFinding(first);
  const more = count > 1 ? `, and ${count - 1} more` : '';
  return invalid
    ? new EvidenceError('CAVRA-E401', `the evidence is invalid: ${cause}${more}`)
    : new EvidenceError('CAVRA-E402', `the evidence is not what was expected: ${cause}${more}`);
}
