import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Fulcio, IssueChanges } from '../../../../test/fakes/fulcio.ts';
import type { TimestampAuthority } from '../../../../test/fakes/timestamp-authority.ts';
import { bundleText, certificateKeyId, type SealedEnvelope } from '../../src/domain/checkpoint/bundle.ts';
import { signStatement } from '../../src/domain/checkpoint/checkpoint.ts';
import type { CheckpointStatement } from '../../src/domain/checkpoint/statement.ts';
import { readCertificate } from '../../src/domain/x509/certificate.ts';
import { type StatementChanges, statementOf } from './checkpoints.ts';

/** Keyless seals for tests, of a real authority, good and bad. */

export interface SealPlan {
  readonly lines: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
  readonly statement?: StatementChanges;
  readonly issue?: IssueChanges;
  /** In place of the certificate that the authority issued. */
  readonly certificate?: (certificate: Buffer, key: KeyObject) => Buffer;
  /** In place of the one timestamp. */
  readonly stamp?: (signature: Uint8Array) => readonly Buffer[];
  readonly envelope?: (envelope: SealedEnvelope) => SealedEnvelope;
}

export async function seal(fulcio: Fulcio, time: TimestampAuthority, plan: SealPlan): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issued = await fulcio.issue(publicKey, plan.claims, plan.issue);
  const certificate = plan.certificate?.(issued, publicKey) ?? issued;
  const statement: CheckpointStatement = statementOf(plan.lines, keyIdOf(certificate), plan.statement);
  const signed = signStatement(statement, { id: keyIdOf(certificate), privateKey });
  const timestamps = plan.stamp?.(signed.signature) ?? [time.stamp(signed.signature)];
  const envelope = { ...signed, certificate, timestamps };
  return bundleText(plan.envelope?.(envelope) ?? envelope);
}

/** What the statement names: the key of the certificate, or anything where that cannot be read. */
function keyIdOf(certificate: Buffer): string {
  try {
    return certificateKeyId(readCertificate(certificate));
  } catch {
    return 'unreadable';
  }
}
