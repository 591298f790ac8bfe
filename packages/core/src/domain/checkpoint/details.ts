import type { CertificateIdentity } from '../keyless/certificate-identity.ts';
import { formatTimestamp } from '../time/timestamp.ts';
import type { TimestampVerdict } from '../timestamp/verify.ts';
import type { CertificateDetails, CheckpointDetails, TimestampDetails } from '../verification/report.ts';
import type { Checkpoint } from './checkpoint.ts';

/** What a verification report says of a checkpoint. */
export function checkpointDetails(checkpoint: Checkpoint): CheckpointDetails {
  const { statement, statementSha256, keyId, certificate, timestamps } = checkpoint;
  const { result, timeMs, subjects, claims } = statement;
  return {
    key_id: keyId,
    time: formatTimestamp(timeMs),
    timestamps: timestamps.flatMap(timestampDetails),
    certificate: certificate === undefined ? null : certificateDetails(certificate),
    result,
    statement_sha256: statementSha256,
    previous_statement_sha256: claims.previous_checkpoint?.statement_sha256 ?? null,
    subjects: subjects.map(({ name }) => name),
  };
}

function timestampDetails(verdict: TimestampVerdict): readonly TimestampDetails[] {
  switch (verdict.state) {
    case 'proven': {
      const { authority, timeMs, accuracyMs } = verdict;
      return [{ authority, state: 'proven', time: formatTimestamp(timeMs), accuracy_ms: accuracyMs }];
    }
    case 'unpinned':
      return [{ authority: verdict.authority, state: 'unchecked', time: null, accuracy_ms: null }];
    case 'invalid':
      return [];
  }
}

function certificateDetails(certificate: CertificateIdentity): CertificateDetails {
  const { issuer, subject, repositoryUri, commit, ref, runUri, environment } = certificate;
  return {
    issuer,
    identity: subject,
    repository: repositoryUri ?? null,
    commit: commit ?? null,
    ref: ref ?? null,
    run: runUri ?? null,
    environment: environment ?? null,
  };
}
