import { ConfigurationError } from '../domain/diagnosis.ts';
import { addressAt, type TrustedRoot } from '../domain/keyless/trusted-root.ts';
import type { AttestationKey } from '../domain/keys/hmac-keys.ts';
import type { TimestampAuthorities } from '../domain/timestamp/verify.ts';
import type { Provider } from '../domain/wire/messages.ts';
import type { GateSettings } from '../settings/gate-settings.ts';

/** How a run seals its evidence, found out without a question to the network. */
export type SealPlan =
  | { readonly kind: 'none' }
  | { readonly kind: 'key'; readonly key: AttestationKey; readonly time: PlannedTime | undefined }
  | {
      readonly kind: 'keyless';
      /** Of the certificate authority. */
      readonly url: string;
      /** Undefined: the embedded one. */
      readonly root: TrustedRoot | undefined;
      readonly time: PlannedTime;
      /** Only a job whose token says that its repository is public may be certified: the instance publishes the repository's name. */
      readonly publicOnly: boolean;
    };

export interface PlannedTime {
  readonly url: string;
  readonly authorities: readonly TimestampAuthorities[];
}

export type SealSettings = Pick<
  GateSettings,
  'attestation' | 'timestampUrl' | 'timestampCertificate' | 'fulcioUrl' | 'trustedRoot' | 'keylessPublic'
>;

export interface SealPlanOptions {
  readonly settings: SealSettings;
  /** The key that this job has; undefined: none. */
  readonly key: AttestationKey | undefined;
  readonly provider: Provider;
  /** Absolute. */
  readonly workspace: string;
  readonly nowMs: number;
}

/**
 * Decides how the run seals.
 *
 * @throws ConfigurationError CAVRA-E262 this job cannot be given a certificate; CAVRA-E265 nothing would be sealed, although something of
 *   a seal is configured; CAVRA-E267 no authority is known; CAVRA-E260, CAVRA-E264, CAVRA-E218 a file
 */
export async function planSeal(options: SealPlanOptions): Promise<SealPlan> {
  const { settings, key } = options;
  switch (settings.attestation) {
    case 'none':
      return unsealed(settings, 'attestation is none');
    case 'auto':
      if (key === undefined) return unsealed(settings, 'there is no attestation key (CAVRA_ATTESTATION_KEY)');
      return keyPlan(key, options);
    case 'key':
      if (key !== undefined) return keyPlan(key, options);
      throw new ConfigurationError(
        'CAVRA-E265',
        'attestation is key, and there is none: CAVRA_ATTESTATION_KEY is not set',
      );
    case 'keyless':
      return keylessPlan(options);
  }
}

/** What belongs to a seal would be set in vain, and nobody would notice that there is none. */
function unsealed({ timestampUrl, timestampCertificate }: SealSettings, reason: string): SealPlan {
  const idle = [
    ...(timestampUrl === undefined ? [] : ['timestamp-url']),
    ...(timestampCertificate === undefined ? [] : ['timestamp-certificate']),
  ];
  if (idle.length === 0) return { kind: 'none' };
  throw new ConfigurationError('CAVRA-E265', `${idle.join(' and ')} would prove the time of no seal: ${reason}`);
}

async function keyPlan(key: AttestationKey, options: SealPlanOptions): Promise<SealPlan> {
  const { timestampUrl: url, timestampCertificate } = options.settings;
  if (url === undefined) {
    if (timestampCertificate === undefined) return { kind: 'key', key, time: undefined };
    throw new ConfigurationError(
      'CAVRA-E267',
      'timestamp-certificate names an authority, and timestamp-url none to ask',
    );
  }
  return { kind: 'key', key, time: { url, authorities: await timeAuthorities(options, await ownRoot(options)) } };
}

const CI_PROVIDERS: readonly Provider[] = ['github-actions', 'gitlab-ci'];
const REASONS: Readonly<Partial<Record<Provider, string>>> = {
  'azure-pipelines':
    'Azure’s tokens have an audience of their own (api://AzureADTokenExchange), and a certificate authority needs one that can be chosen',
  local: 'this is no CI job, so no platform vouches for it',
};

async function keylessPlan(options: SealPlanOptions): Promise<SealPlan> {
  const { settings, provider, nowMs } = options;
  if (!CI_PROVIDERS.includes(provider)) {
    throw new ConfigurationError(
      'CAVRA-E262',
      `attestation keyless is not possible here: ${REASONS[provider] ?? provider}`,
    );
  }
  const root = await ownRoot(options);
  const { publicRoot } = await import('../verify/seal-trust.ts');
  const trusted = root ?? (await publicRoot());
  const url = settings.fulcioUrl ?? addressAt(trusted.certificateAuthorities, nowMs);
  const timeUrl = settings.timestampUrl ?? addressAt(trusted.timestampAuthorities, nowMs);
  if (url === undefined || timeUrl === undefined) {
    const missing =
      url === undefined ? 'certificate authority: set fulcio-url' : 'timestamp authority: set timestamp-url';
    throw new ConfigurationError('CAVRA-E267', `the trusted root names no address of a ${missing}`);
  }
  const time = { url: timeUrl, authorities: await timeAuthorities(options, root) };
  return { kind: 'keyless', url, root, time, publicOnly: root === undefined && !settings.keylessPublic };
}

/** Undefined: the embedded root counts. */
async function ownRoot({ settings, workspace }: SealPlanOptions): Promise<TrustedRoot | undefined> {
  if (settings.trustedRoot === undefined) return undefined;
  const { readTrustedRootFile } = await import('../verify/seal-question.ts');
  return readTrustedRootFile(settings.trustedRoot, workspace);
}

async function timeAuthorities(
  { settings, workspace }: SealPlanOptions,
  root: TrustedRoot | undefined,
): Promise<readonly TimestampAuthorities[]> {
  if (settings.timestampCertificate !== undefined) {
    const { readTimestampCertificates } = await import('../verify/seal-question.ts');
    return readTimestampCertificates(settings.timestampCertificate, workspace);
  }
  const { publicRoot, rootTimestampAuthorities } = await import('../verify/seal-trust.ts');
  return rootTimestampAuthorities(root ?? (await publicRoot()));
}
