import { MAX_RECORD_BYTES } from '../../domain/limits.ts';
import { LineSplitter } from '../../domain/verification/line-splitter.ts';
import type { DecisionResponse, EvidenceRecord } from '../../domain/wire/messages.ts';
import { openEvidence } from './evidence-reader.ts';

/**
 * The responses of a stream that is being continued, in its order: an earlier step of the same job has asked for them. The stream must
 * have been verified, since its lines are only parsed here.
 *
 * @param path of the stream
 */
export async function readRecordedResponses(path: string): Promise<readonly DecisionResponse[]> {
  const responses: DecisionResponse[] = [];
  const splitter = new LineSplitter(
    {
      push: (line) => {
        const record: EvidenceRecord = JSON.parse(Buffer.from(line).toString('utf8'));
        responses.push(record.response);
      },
      pushOverlong: () => {},
    },
    MAX_RECORD_BYTES,
  );
  const source = await openEvidence(path);
  try {
    for await (const chunk of source.chunks()) splitter.write(chunk);
    splitter.end();
  } finally {
    await source.close();
  }
  return responses;
}
