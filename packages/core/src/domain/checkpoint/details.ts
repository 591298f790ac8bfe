import { formatTimestamp } from '../time/timestamp.ts';
import type { CheckpointDetails } from '../verification/report.ts';
import type { Checkpoint } from './checkpoint.ts';

/** What a verification report says of a checkpoint. */
export function checkpointDetails({ statement, statementSha256, keyId }: Checkpoint): CheckpointDetails {
  const { result, timeMs, subjects, claims } = statement;
  return {
    key_id: keyId,
    time: formatTimestamp(timeMs),
    result,
    statement_sha256: statementSha256,
    previous_statement_sha256: claims.previous_checkpoint?.statement_sha256 ?? null,
    subjects: subjects.map(({ name }) => name),
  };
}
