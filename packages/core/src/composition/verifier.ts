import { resolve } from 'node:path';
import { type Environment, readEvidenceVerificationKey } from '../app/credentials.ts';
import type { Clock } from '../app/ports.ts';
import { type VerifyOptions, type VerifyOutcome, verifyEvidence } from '../app/verify.ts';
import { ConfigurationError } from '../domain/diagnosis.ts';
import type { VerifierIdentity } from '../domain/evidence/report.ts';
import type { HmacVerificationKey } from '../domain/keys/types.ts';
import { openEvidence } from '../io/evidence-reader.ts';

export interface CreateVerifierOptions {
  readonly environment: Environment;
  /** Absolute. */
  readonly workingDirectory: string;
  /** Path of a keyring; else the key of CAVRA_DAEMON_EVIDENCE_HMAC_KEY is used. */
  readonly keyring: string | undefined;
  readonly now: Clock;
  readonly version: string;
  /** Told now and then how many bytes of how many are done. */
  readonly progress?: (done: number, total: number) => void;
}

export interface Verifier {
  /**
   * @throws ConfigurationError CAVRA-E215 there is no key and integrity-only was not asked for; CAVRA-E209 and CAVRA-E216 the keyring
   * @throws EvidenceError CAVRA-E403 no evidence is there
   */
  verify(options: Omit<VerifyOptions, 'keys'>): Promise<VerifyOutcome>;
}

/** Puts the verifier together from the parts of this machine. */
export function createVerifier(options: CreateVerifierOptions): Verifier {
  return {
    async verify(question) {
      const keys = question.integrityOnly ? [] : await verificationKeys(options);
      const { report, failure } = await verifyEvidence(
        { ...question, path: resolve(options.workingDirectory, question.path), keys },
        {
          now: options.now,
          verifier: verifierIdentity(options.version),
          openEvidence,
          ...(options.progress === undefined ? {} : { progress: options.progress }),
        },
      );
      return { report, failure };
    },
  };
}

/** This program, as reports name it. */
export function verifierIdentity(version: string): VerifierIdentity {
  return { name: 'cavra-release-governance', version };
}

async function verificationKeys({ environment, keyring, workingDirectory }: CreateVerifierOptions) {
  if (keyring !== undefined) {
    const { readKeyringFile, resolveHmacKeys } = await import('../io/keyring-file.ts');
    const file = await readKeyringFile(resolve(workingDirectory, keyring));
    const { keys, unresolved } = await resolveHmacKeys(file, 'evidence', environment);
    if (keys.length === 0) {
      const missing =
        unresolved.length === 0 ? 'has no evidence key' : `has no secret here for ${unresolved.join(', ')}`;
      throw new ConfigurationError('CAVRA-E215', `the keyring ${keyring} ${missing}`);
    }
    return keys;
  }
  const key: HmacVerificationKey | undefined = readEvidenceVerificationKey(environment);
  return key === undefined ? [] : [key];
}
