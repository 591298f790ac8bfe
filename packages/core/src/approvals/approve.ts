import { rm } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { ApprovalError } from '../domain/approvals/error.ts';
import { approvedRequest } from '../domain/approvals/judging/approved-request.ts';
import { SshSignatureError } from '../domain/approvals/sshsig/error.ts';
import { sshPublicKeySha256 } from '../domain/approvals/sshsig/public-key.ts';
import { readSshSignature, type SshSignature } from '../domain/approvals/sshsig/signature.ts';
import { verifySshSignature } from '../domain/approvals/sshsig/verify.ts';
import {
  APPROVAL_NAMESPACE,
  APPROVAL_SUFFIX,
  type ApprovalDecision,
  type ApprovalStatement,
  encodeApproval,
} from '../domain/approvals/statement.ts';
import { readApproval, reasonProblem } from '../domain/approvals/statement-reader.ts';
import { formatApprovalTime, formatDuration, parseDuration } from '../domain/approvals/times.ts';
import { ConfigurationError, RuntimeFailure } from '../domain/diagnosis.ts';
import {
  DEFAULT_APPROVAL_AGE_MS,
  MAX_APPROVAL_AGE_MS,
  MAX_EMERGENCY_MS,
  MAX_SSH_SIGNATURE_BYTES,
} from '../domain/limits.ts';
import type { Clock, RandomBytes } from '../domain/ports.ts';
import { oneLine } from '../domain/text/printable.ts';
import { writeFileDurably } from '../io/files/durable-file.ts';
import { readNamedFile } from '../io/files/read-regular-file.ts';
import { hashSubjectFiles } from '../io/files/subject-files.ts';
import { signFile } from '../io/system/ssh-keygen.ts';
import { describeSystemError } from '../io/system/system-error.ts';
import { readRequestBytes } from '../request/request-files.ts';
import { type SigningKey, withSigningKey } from './signing-key.ts';
import { commitToApprove, repositoryToApprove } from './what-to-approve.ts';

export interface ApproveOptions {
  /** The request's file. */
  readonly request: string;
  readonly decision: ApprovalDecision;
  /** `PROVIDER:NAME`. */
  readonly repository?: string | undefined;
  /** Files and globs: what is released. */
  readonly subjects: readonly string[];
  readonly commit?: string | undefined;
  readonly runId?: string | undefined;
  /** How long it serves, like `72h`. */
  readonly expires?: string | undefined;
  readonly reason?: string | undefined;
  /** A private key, or a public one whose private half is in an agent or on an authenticator. */
  readonly key?: string | undefined;
  /** Where the approval is written; its signature beside it. */
  readonly output?: string | undefined;
  /** Absolute. */
  readonly workingDirectory: string;
  readonly now: Clock;
  readonly randomBytes: RandomBytes;
}

/** What is about to be signed, and with which key. */
export interface ApprovalPreview {
  readonly statement: ApprovalStatement;
  readonly key: Pick<SigningKey, 'fingerprint' | 'onAuthenticator'>;
}

/** What `approve` prints. */
export interface ApprovalReport extends ApprovalPreview {
  /** As given, or from the working directory. */
  readonly document: string;
  readonly signature: string;
  /** The type of the key, and of an authenticator what it was given. */
  readonly signed_by: {
    readonly type: string;
    readonly sha256: string;
    readonly touched: boolean | null;
    readonly pin: boolean | null;
  };
}

/**
 * Signs an approval with ssh-keygen: says what, writes it, has it signed, and reads the signature back as strictly as the gate does.
 * Where anything fails, neither file is left behind.
 *
 * @param show is told what will be signed before anything is written
 * @throws ConfigurationError CAVRA-E203 to E205 the request; E216 an artifact; E217 an option; E219 a file cannot be written; E256 there
 *   is no ssh-keygen; E257 there is no key, or it did not sign; E258 repository or commit are not known
 */
export async function approveRequest(
  options: ApproveOptions,
  show: (preview: ApprovalPreview) => void,
): Promise<ApprovalReport> {
  const { workingDirectory, key, output } = options;
  if (output !== undefined && !output.endsWith(APPROVAL_SUFFIX)) {
    throw new ConfigurationError(
      'CAVRA-E217',
      `--output must end in ${APPROVAL_SUFFIX}, by which the gate knows approvals`,
    );
  }
  const statement = await statementOf(options);
  const bytes = checkedBytes(statement);
  return withSigningKey(key, workingDirectory, async (signingKey) => {
    const { fingerprint, onAuthenticator } = signingKey;
    const preview = { statement, key: { fingerprint, onAuthenticator } };
    show(preview);
    const document = output ?? documentName(statement, signingKey);
    const signature = await sign(resolve(workingDirectory, document), bytes, signingKey);
    return { ...preview, document, signature: `${document}.sig`, signed_by: signerOf(signature) };
  });
}

/** The bytes to sign, which the gate would read: names that are too long, or the same, are found here and not there. */
function checkedBytes(statement: ApprovalStatement): Buffer {
  const bytes = encodeApproval(statement);
  try {
    readApproval(bytes);
    return bytes;
  } catch (error) {
    if (!(error instanceof ApprovalError)) throw error;
    const message = `the gate would not accept this approval: ${error.message}`;
    throw new ConfigurationError('CAVRA-E217', message, { cause: error });
  }
}

async function statementOf(options: ApproveOptions): Promise<ApprovalStatement> {
  const { decision, workingDirectory, randomBytes, reason = '', runId = null } = options;
  const [notBefore, notAfter] = periodOf(options);
  checkReason(decision, reason);
  if (decision === 'emergency' && runId === null) {
    throw new ConfigurationError('CAVRA-E217', 'an emergency is of one run; name it with --run-id ID');
  }
  const bytes = await readRequestBytes(options.request, workingDirectory);
  const request = approvedRequest(bytes, resolve(workingDirectory, options.request));
  const repository = await repositoryToApprove(options.repository, workingDirectory);
  return {
    request: { name: request.name ?? '', sha256: request.sha256 },
    commit: await commitToApprove(options.commit, workingDirectory),
    artifacts: await hashSubjectFiles(options.subjects, workingDirectory),
    predicate: {
      decision,
      provider: repository.provider,
      issuer: null,
      repository: repository.name,
      repository_id: null,
      run_id: runId,
      target: request.target,
      release_version: request.releaseVersion,
      metadata_kind: request.metadataKind,
      reason,
      not_before: formatApprovalTime(notBefore),
      not_after: formatApprovalTime(notAfter),
      nonce: Buffer.from(randomBytes(16)).toString('hex'),
    },
  };
}

function periodOf({ decision, expires, now }: ApproveOptions): readonly [from: number, until: number] {
  const longest = decision === 'emergency' ? MAX_EMERGENCY_MS : MAX_APPROVAL_AGE_MS;
  const duration = expires === undefined ? Math.min(DEFAULT_APPROVAL_AGE_MS, longest) : parseDuration(expires);
  if (duration === undefined || duration > longest) {
    const message = `--expires is ${oneLine(expires ?? '')}, expected a length of time up to ${formatDuration(longest)}, like 90m, 72h or 3d`;
    throw new ConfigurationError('CAVRA-E217', message);
  }
  const from = now();
  return [from, from + duration];
}

function checkReason(decision: ApprovalDecision, reason: string): void {
  const problem = reasonProblem(reason);
  if (problem !== undefined) throw new ConfigurationError('CAVRA-E217', `--reason must be ${problem}`);
  if (decision === 'emergency' && reason.trim() === '') {
    throw new ConfigurationError('CAVRA-E217', 'an emergency needs --reason TEXT');
  }
}

/** The name has the approver's key in it, so that a second approver overwrites nothing. */
function documentName({ request }: ApprovalStatement, { sha256 }: SigningKey): string {
  return `${request.name.replace(/\.json$/u, '')}.${sha256.slice(0, 8)}${APPROVAL_SUFFIX}`;
}

async function sign(document: string, bytes: Buffer, key: SigningKey): Promise<SshSignature> {
  const signature = `${document}.sig`;
  await write(document, bytes);
  try {
    await signFile(APPROVAL_NAMESPACE, key.file, document);
    return await readBack(signature, bytes, key);
  } catch (error) {
    await Promise.all([rm(document, { force: true }), rm(signature, { force: true })]);
    throw error;
  }
}

async function write(document: string, bytes: Buffer): Promise<void> {
  try {
    // ssh-keygen would ask, and without a terminal keep the old one and say that all is well.
    await rm(`${document}.sig`, { force: true });
    await writeFileDurably(dirname(document), basename(document), bytes, 0o644);
  } catch (error) {
    const reason = error instanceof RuntimeFailure ? error.message : describeSystemError(error);
    throw new ConfigurationError('CAVRA-E219', `the approval cannot be written: ${reason}`, { cause: error });
  }
}

/** Only what the gate would accept is handed over. */
async function readBack(file: string, bytes: Buffer, key: SigningKey): Promise<SshSignature> {
  try {
    const named = { what: 'the signature', maxBytes: MAX_SSH_SIGNATURE_BYTES, code: 'CAVRA-E257' } as const;
    const signature = readSshSignature(await readNamedFile(file, named));
    verifySshSignature(signature, bytes, APPROVAL_NAMESPACE);
    if (sshPublicKeySha256(signature.publicKey) === key.sha256) return signature;
    throw new ConfigurationError('CAVRA-E257', 'the signature is of another key than the one that was named');
  } catch (error) {
    if (!(error instanceof SshSignatureError)) throw error;
    const message = `the gate would not accept the signature: ${error.message}`;
    throw new ConfigurationError('CAVRA-E257', message, { cause: error });
  }
}

function signerOf({ publicKey, authenticator }: SshSignature): ApprovalReport['signed_by'] {
  return {
    type: publicKey.type,
    sha256: sshPublicKeySha256(publicKey),
    touched: authenticator?.userPresence ?? null,
    pin: authenticator?.userVerification ?? null,
  };
}
