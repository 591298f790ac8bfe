import type { SealedEnvelope } from '../domain/checkpoint/bundle.ts';
import { RuntimeFailure } from '../domain/diagnosis.ts';
import { type TimestampAuthorities, verifyTimestamp } from '../domain/timestamp/verify.ts';
import { requestTimestamp } from '../io/authorities/timestamp.ts';
import type { HttpClient } from '../io/http/http-client.ts';

/** Who proves the time of this run's seals. */
export interface TimestampSource {
  readonly url: string;
  /** Pinned: a timestamp of anybody else is none. */
  readonly authorities: readonly TimestampAuthorities[];
  readonly http: () => Promise<HttpClient>;
  /** Unix ms. */
  readonly deadline: number;
}

/**
 * Puts a timestamp to a signed envelope, after it was verified as every reader will.
 *
 * @throws RuntimeFailure CAVRA-E542 the authority gave none, CAVRA-E543 what it gave proves nothing
 */
export async function withTimestamp(envelope: SealedEnvelope, source: TimestampSource): Promise<SealedEnvelope> {
  const { url, authorities, http, deadline } = source;
  const { signature } = envelope;
  const timestamp = await requestTimestamp({ url, signature, deadline, http: await http() });
  const verdict = verifyTimestamp(timestamp, signature, authorities);
  switch (verdict.state) {
    case 'proven':
      return { ...envelope, timestamps: [timestamp] };
    case 'unpinned':
      throw unproven(`it is of ${verdict.authority}, which is none of the pinned authorities`);
    case 'invalid':
      throw unproven(verdict.reason);
  }
}

function unproven(reason: string): RuntimeFailure {
  return new RuntimeFailure('CAVRA-E543', `the timestamp proves nothing: ${reason}`);
}
