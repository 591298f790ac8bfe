import { join } from 'node:path';
import type { Evaluation, GovernanceRuntime } from '../../daemon/runtime.ts';
import type { RunnerProver } from '../../domain/auth/runner-prover.ts';
import {
  DaemonRefusal,
  type DeliveredFile,
  type EvaluateBody,
  type EvidenceBody,
  refusalCode,
} from '../../domain/daemon/answers.ts';
import type { CheckpointWish } from '../../domain/daemon/protocol.ts';
import { worstDecision } from '../../domain/decision/worst.ts';
import { AuthenticationError, EvidenceError, RuntimeFailure } from '../../domain/diagnosis.ts';
import {
  CHECKPOINT_FILE,
  CLAIMS_FILE,
  claimsFileText,
  RESPONSE_FILE,
  RESPONSES_FILE,
  RUN_FILE,
  responseFileText,
  responsesFileText,
  runFileText,
  STREAM_FILE,
  VERIFICATION_FILE,
} from '../../domain/evidence/files.ts';
import { MAX_DAEMON_ANSWER_BYTES, MAX_DELIVERED_BYTES } from '../../domain/limits.ts';
import type { Clock } from '../../domain/ports.ts';
import type { SecretSearcher } from '../../domain/secrets/searcher.ts';
import type { AuthenticatedRunner } from '../../domain/trust/trust-decision.ts';
import { reportText, type VerificationReport, type VerifierIdentity } from '../../domain/verification/report.ts';
import { encodeResponse } from '../../domain/wire/encode.ts';
import type { DecisionResponse, EvaluateRequest, RunnerIdentity } from '../../domain/wire/messages.ts';
import { removeCheckpoint } from '../../io/evidence/checkpoint-file.ts';
import { writeDeliveredFile } from '../../io/evidence/delivered-file.ts';
import { continueOrSetAside } from '../../io/evidence/earlier-evidence.ts';
import { openEvidenceFolder } from '../../io/evidence/evidence-folder.ts';
import { openEvidence } from '../../io/evidence/evidence-reader.ts';
import { FolderWriter } from '../../io/evidence/folder-writer.ts';
import { guardedFolder } from '../../io/evidence/guarded-folder.ts';
import { readRecordedResponses } from '../../io/evidence/recorded-responses.ts';
import { readRegularFile } from '../../io/files/read-regular-file.ts';
import type { DaemonClient } from '../../io/socket/daemon-client.ts';
import type { Judgement } from '../../seal/attest.ts';
import { verifyEvidence } from '../../verify/verify.ts';
import { PeopleReport } from '../folder/people-report.ts';
import type { AttestedEvidence, EvidenceFolderPort, GateOutcome } from '../run/gate.ts';
import { guardEvidence } from '../run/guard.ts';

export interface SocketFolderOptions {
  /** As configured. */
  readonly path: string;
  /** Absolute. */
  readonly workspace: string;
  readonly identity: RunnerIdentity;
  readonly client: DaemonClient;
  readonly prover: RunnerProver;
  readonly searcher: SecretSearcher;
  readonly now: Clock;
  /** This program, for the report. */
  readonly verifier: VerifierIdentity;
  readonly runFacts?: Readonly<Record<string, string>>;
  /** An earlier process asked the daemon, and its answers are not known here: whatever is recorded for this run is taken. */
  readonly recovers?: boolean;
}

/** Opens the evidence folder of a run whose evidence a resident daemon writes: the job holds no evidence key, and gets a copy. */
export async function openSocketFolder(options: SocketFolderOptions): Promise<EvidenceFolderPort> {
  const folder = await openEvidenceFolder(options.path, { workspace: options.workspace });
  return new SocketFolder(options, folder.path);
}

/** How a daemon says that it has no stream of a run. */
const NOTHING_RECORDED = 'CAVRA-E403';

class SocketFolder implements EvidenceFolderPort {
  readonly path: string;
  readonly #options: SocketFolderOptions;
  readonly #absolute: string;
  readonly #files: FolderWriter;
  readonly #notes: string[] = [];
  /** What the daemon answered for this run's stream: all of it must be there. */
  readonly #answered: DecisionResponse[] = [];
  readonly #peopleReport: PeopleReport;
  #attests = false;

  constructor(options: SocketFolderOptions, absolute: string) {
    this.path = options.path;
    this.#options = options;
    this.#absolute = absolute;
    const { searcher, verifier, now } = options;
    // The keys are the daemon's.
    this.#files = new FolderWriter(absolute);
    this.#peopleReport = new PeopleReport({ folder: absolute, files: this.#files, searcher, keys: [], verifier, now });
  }

  get notes(): readonly string[] {
    return this.#notes;
  }

  async openRuntime(): Promise<GovernanceRuntime> {
    const { client, identity } = this.#options;
    // No key of this run could have signed what is here, so none of it is continued.
    this.#notes.push(...(await continueOrSetAside({ folder: this.#absolute, identity, keys: [] })));
    const { daemon, attests } = await client.hello();
    this.#attests = attests;
    this.#notes.push(`the resident daemon ${daemon.name} decided and keeps the evidence; this is a copy of it`);
    return {
      name: 'socket',
      evaluate: (request, proofFailure) => this.#evaluate(request, proofFailure),
      close: async () => undefined,
    };
  }

  async writeClaims(identity: RunnerIdentity): Promise<void> {
    const { runFacts } = this.#options;
    this.#write(CLAIMS_FILE, claimsFileText(identity));
    if (runFacts !== undefined) this.#write(RUN_FILE, runFileText(runFacts));
  }

  async writeResponses(evaluations: readonly Evaluation[]): Promise<void> {
    await this.#writeResponses(evaluations.map(({ response }) => response));
  }

  async verify(): Promise<VerificationReport | undefined> {
    if (this.#options.recovers === true) return this.#collectWhatIsThere();
    if (this.#answered.length === 0) {
      this.#notes.push('the daemon keeps the records of those who could not prove who they are; there is no copy here');
      return undefined;
    }
    return this.#collect('none');
  }

  async attest({ passes }: Judgement): Promise<AttestedEvidence | undefined> {
    if (!this.#attests || (this.#answered.length === 0 && this.#options.recovers !== true)) return undefined;
    // One that could not be replaced must not stay: it may say more than is known now.
    await removeCheckpoint(this.#absolute);
    const report = await this.#collect(passes ? 'passed' : 'failed');
    const details = report.checkpoint_details;
    if (details === undefined) return undefined;
    const digests = new Map([[STREAM_FILE, report.sha256]]);
    return { file: CHECKPOINT_FILE, keyId: details.key_id, result: details.result, digests, report };
  }

  async writeReport(outcome: GateOutcome): Promise<void> {
    await this.#peopleReport.write(outcome);
  }

  async guard() {
    return guardEvidence(guardedFolder(this.#absolute), this.#options.searcher);
  }

  async settle(): Promise<void> {
    await this.#files.settle();
  }

  async #evaluate(request: EvaluateRequest, proofFailure?: AuthenticationError): Promise<Evaluation> {
    const body = await this.#options.client.evaluate(request);
    const refusal = proofFailure ?? refusalOf(body);
    const runner = runnerOf(body, this.#options.identity);
    if (refusal === undefined && runner === undefined) {
      throw new RuntimeFailure(
        'CAVRA-E521',
        'the daemon answered as if the runner was authenticated, but does not say how',
      );
    }
    if (body.stream !== null) this.#answered.push(body.response);
    return {
      response: body.response,
      ...(runner === undefined ? {} : { runner }),
      ...(body.trust_rule === '' ? {} : { trustRule: body.trust_rule }),
      ...(refusal === undefined ? {} : { refusal }),
      ...(body.stream === null || body.replayed ? { addsNoRecord: true } : {}),
    };
  }

  /** @returns undefined: the daemon has no record of this run */
  async #collectWhatIsThere(): Promise<VerificationReport | undefined> {
    try {
      return await this.#collect('none');
    } catch (error) {
      if (error instanceof DaemonRefusal && error.reason === NOTHING_RECORDED) return undefined;
      throw error;
    }
  }

  /** Gets the run's evidence from the daemon, and checks everything that can be checked without a secret. */
  async #collect(wish: CheckpointWish): Promise<VerificationReport> {
    const { client, prover, identity } = this.#options;
    let room = MAX_DELIVERED_BYTES;
    const body = await client.evidence(
      wish,
      (question) => prover.prove(identity, question),
      async (file, bytes) => {
        room -= file.size;
        if (room < 0) throw new RuntimeFailure('CAVRA-E521', 'the daemon’s evidence of this run is too large');
        await writeDeliveredFile(this.#absolute, file, bytes);
      },
    );
    const delivered = await this.#readDeliveredReport(body);
    const own = await this.#verifyCopy(body);
    await this.#requireAnswers();
    // The daemon has the keys to check every signature. What it says counts where it agrees with what was seen here.
    const path = join(this.path, STREAM_FILE);
    const report = own.valid ? { ...delivered, path } : { ...own, path };
    this.#write(VERIFICATION_FILE, reportText(report));
    return report;
  }

  async #verifyCopy({ stream, files }: EvidenceBody): Promise<VerificationReport> {
    const { now, verifier } = this.#options;
    const { report } = await verifyEvidence(
      { path: this.#absolute, keys: [], integrityOnly: true, observers: [await this.#peopleReport.observer()] },
      { now, verifier, openEvidence },
    );
    const promised = files.find(({ name }) => name === STREAM_FILE)?.sha256;
    if (report.records !== stream.records || report.head_hash !== stream.head_hash || report.sha256 !== promised) {
      throw new RuntimeFailure('CAVRA-E521', 'the stream is not the one that the daemon’s signed answer names');
    }
    return report;
  }

  /** The report that the daemon wrote with its keys; it came under the daemon's signature. */
  async #readDeliveredReport({ stream, files }: EvidenceBody): Promise<VerificationReport> {
    requireFiles(files);
    const bytes = await readRegularFile(join(this.#absolute, VERIFICATION_FILE), MAX_DAEMON_ANSWER_BYTES);
    const report = parseReport(bytes);
    if (report.records !== stream.records || report.head_hash !== stream.head_hash) {
      throw new RuntimeFailure('CAVRA-E521', 'the daemon’s report is about another stream than it sent');
    }
    return report;
  }

  async #requireAnswers(): Promise<void> {
    const recorded = await readRecordedResponses(join(this.#absolute, STREAM_FILE));
    const known = new Set(recorded.map(encodeResponse));
    if (!this.#answered.every((response) => known.has(encodeResponse(response)))) {
      throw new EvidenceError('CAVRA-E401', 'the evidence lacks the record of a decision that the daemon answered');
    }
    this.#write(RESPONSES_FILE, responsesFileText(recorded));
  }

  async #writeResponses(responses: readonly DecisionResponse[]): Promise<void> {
    const worst = worstDecision(responses.map(({ decision }) => decision));
    const published = responses.find(({ decision }) => decision === worst);
    if (published === undefined) return;
    this.#write(RESPONSE_FILE, responseFileText(published));
    this.#write(RESPONSES_FILE, responsesFileText(responses));
  }

  #write(name: string, text: string): void {
    this.#files.write(name, Buffer.from(text, 'utf8'));
  }
}

function refusalOf({ refusal }: EvaluateBody): AuthenticationError | undefined {
  return refusal === null ? undefined : new AuthenticationError(refusalCode(refusal.code), refusal.message);
}

function runnerOf({ runner }: EvaluateBody, identity: RunnerIdentity): AuthenticatedRunner | undefined {
  if (runner === null) return undefined;
  const { method, key_id: keyId, verified, unverified, notes } = runner;
  return { method, identity, keyId, verified, unverified, notes };
}

function requireFiles(files: readonly DeliveredFile[]): void {
  const missing = [STREAM_FILE, VERIFICATION_FILE].filter((name) => !files.some((file) => file.name === name));
  if (missing.length > 0) {
    throw new RuntimeFailure('CAVRA-E521', `the daemon did not send ${missing.join(' and ')}`);
  }
}

function parseReport(bytes: Uint8Array): VerificationReport {
  try {
    const report = JSON.parse(Buffer.from(bytes).toString('utf8')) as VerificationReport;
    if (typeof report?.valid === 'boolean' && typeof report.records === 'number' && Array.isArray(report.findings)) {
      return report;
    }
  } catch {
    // Told below.
  }
  throw new RuntimeFailure('CAVRA-E521', 'the daemon’s verification report is not one');
}
