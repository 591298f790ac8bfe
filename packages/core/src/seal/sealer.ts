import { bundleText, type SealedEnvelope } from '../domain/checkpoint/bundle.ts';
import { type AttestationTrust, signStatement } from '../domain/checkpoint/checkpoint.ts';
import type { CheckpointStatement } from '../domain/checkpoint/statement.ts';
import type { AttestationKey } from '../domain/keys/hmac-keys.ts';
import type { SealQuestion } from '../verify/seal-trust.ts';
import { type TimestampSource, withTimestamp } from './timestamps.ts';

/** Signs the checkpoints of one run. */
export interface Sealer {
  /** Id of the key that signs, which each statement names. */
  readonly keyId: string;
  /** Whose checkpoints this run believes, its own included. @throws AuthenticationError the job has no identity of its own */
  trust(): Promise<SealersTrust>;
  /**
   * Signs a statement and returns the text of its bundle; where time is to be proven, there is no bundle without a timestamp.
   *
   * @throws AuthenticationError CAVRA-E351; RuntimeFailure CAVRA-E540 to CAVRA-E543: no seal
   */
  seal(statement: CheckpointStatement): Promise<string>;
}

export interface SealersTrust {
  readonly keys: readonly AttestationTrust[];
  /** Authorities of time, and identities of keyless seals. */
  readonly seals: SealQuestion;
}

/** Signs with a key, whose time an authority proves where one is given. */
export function createKeySealer(
  key: AttestationKey,
  trust: readonly AttestationTrust[],
  time: TimestampSource | undefined,
): Sealer {
  return {
    keyId: key.id,
    trust: async () => ({
      keys: trust,
      seals: { identities: [], ...(time === undefined ? {} : { authorities: time.authorities }) },
    }),
    seal: async (statement) => {
      const envelope: SealedEnvelope = signStatement(statement, key);
      return bundleText(time === undefined ? envelope : await withTimestamp(envelope, time));
    },
  };
}
