import { generateKeyPairSync } from 'node:crypto';
import { bundleText, certificateKeyId, type SealedEnvelope } from '../domain/checkpoint/bundle.ts';
import { signStatement } from '../domain/checkpoint/checkpoint.ts';
import { DerError } from '../domain/der/der.ts';
import { RuntimeFailure } from '../domain/diagnosis.ts';
import { type CertificateIdentity, certificateIdentity } from '../domain/keyless/certificate-identity.ts';
import type { EphemeralKeyPair } from '../domain/keyless/certificate-request.ts';
import { claimDisagreements, describeDisagreement } from '../domain/keyless/identity-agreement.ts';
import type { TrustedRoot } from '../domain/keyless/trusted-root.ts';
import { publicKeySha256 } from '../domain/keys/ed25519.ts';
import type { Certificate } from '../domain/x509/certificate.ts';
import { requestCertificate } from '../io/authorities/certificate.ts';
import type { HttpClient } from '../io/http/http-client.ts';
import type { CertificateToken } from '../io/tokens/certificate-token.ts';
import type { Sealer } from './sealer.ts';
import { type TimestampSource, withTimestamp } from './timestamps.ts';

export interface KeylessOptions {
  /** Asked for already. */
  readonly token: Promise<CertificateToken>;
  /** Of the certificate authority. */
  readonly url: string;
  /** Undefined: the embedded one. */
  readonly root: TrustedRoot | undefined;
  readonly time: TimestampSource;
  readonly http: () => Promise<HttpClient>;
  /** Unix ms. */
  readonly deadline: number;
}

/** Signs with a key that lives as long as this run, certified for the job by its token. */
export function createKeylessSealer(options: KeylessOptions): Sealer {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keyId = `sha256:${publicKeySha256(key.publicKey)}`;
  const { token, time, root } = options;
  let certified: Promise<Certificate> | undefined;
  return {
    keyId,
    trust: async () => ({
      keys: [],
      seals: {
        identities: [ownIdentity(await token)],
        authorities: time.authorities,
        ...(root === undefined ? {} : { root }),
      },
    }),
    seal: async (statement) => {
      certified ??= certify(key, options);
      const { bytes: certificate } = await certified;
      const envelope: SealedEnvelope = { ...signStatement(statement, { id: keyId, ...key }), certificate };
      return bundleText(await withTimestamp(envelope, time));
    },
  };
}

/** The repository by whichever name the platform gives it. */
function ownIdentity({ issuer, claims }: CertificateToken) {
  const repository = claims['repository'] ?? claims['project_path'];
  return { issuer, ...(repository === undefined ? {} : { repository }) };
}

/** A certificate of somebody else, or of another key, would be found out by every reader; here it can still be told why. */
async function certify(key: EphemeralKeyPair, options: KeylessOptions): Promise<Certificate> {
  const { url, deadline, http } = options;
  const { token: text, subject, issuer, claims } = await options.token;
  const certificate = await requestCertificate({ url, token: text, subject, key, deadline, http: await http() });
  if (certificateKeyId(certificate) !== `sha256:${publicKeySha256(key.publicKey)}`) {
    throw new RuntimeFailure('CAVRA-E541', 'the certificate is for another key than the one that was sent');
  }
  const differences = claimDisagreements(identityOf(certificate), issuer, claims);
  if (differences.length > 0) {
    throw new RuntimeFailure('CAVRA-E541', differences.map(describeDisagreement).join('; '));
  }
  return certificate;
}

function identityOf(certificate: Certificate): CertificateIdentity {
  try {
    return certificateIdentity(certificate);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new RuntimeFailure('CAVRA-E541', `the certificate does not count: ${error.message}`, { cause: error });
  }
}
