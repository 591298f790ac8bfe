import { ConfigurationError } from '../diagnosis.ts';
import { quoted } from '../trust/problems.ts';
import type { TrustPolicy } from '../trust/trust-policy.ts';
import { freeEvents, type PullRequestContext } from './context.ts';

/** What of a pull-request context matters here. */
export type UntrustedContext = Pick<PullRequestContext, 'event' | 'platform'>;

/** A setting that says who or what is believed or expected, given other than by default. */
export interface TrustOverride {
  /** As the user writes it, for example `trust-policy`. */
  readonly name: string;
  /** Whether a digest fixes what the setting may hold, or it is what everything that is pinned says anyway. */
  readonly pinned: boolean;
  /** Whether it names a file, which a digest behind its name could pin. */
  readonly isFile: boolean;
}

/** A setting that decides who or what is believed or expected. */
export interface TrustSetting {
  readonly name: string;
  readonly kind: string;
}

/** The settings whose content a digest can fix, with the setting that holds the digest. */
const PINS: ReadonlyMap<string, string> = new Map([
  ['trust-policy', 'trust-policy-sha256'],
  ['runtime', 'runtime-sha256'],
]);
const DIGESTS: ReadonlySet<string> = new Set(PINS.values());

/** What is known of the settings of a job. */
export interface GivenTrust {
  /** Names of all settings that were given other than by default. */
  readonly given: ReadonlySet<string>;
  /** Names of those whose text ends in `@sha256:HEX`. */
  readonly pinned: ReadonlySet<string>;
}

/**
 * The overrides among the given settings.
 *
 * @param trustSettings those that decide who or what is believed or expected
 */
export function trustOverrides(settings: GivenTrust, trustSettings: readonly TrustSetting[]): readonly TrustOverride[] {
  return trustSettings
    .filter(({ name }) => settings.given.has(name))
    .map(({ name, kind }) => {
      const isFile = kind === 'trust-file';
      return { name, pinned: hasDigest(name, settings) || (isFile && settings.pinned.has(name)), isFile };
    });
}

/** A digest only narrows what may be used, so it is as good as pinned. */
function hasDigest(name: string, { given }: GivenTrust): boolean {
  const digest = PINS.get(name);
  return DIGESTS.has(name) || (digest !== undefined && given.has(digest));
}

/**
 * The issuer that a pinned trust policy names in each of its rules. It is the one setting without a digest that a pull request may
 * choose: a self-managed GitLab, an enterprise and an Azure organisation have no issuer by default.
 *
 * @returns undefined when a rule names none, or another one
 */
export function issuerOfEveryRule({ rules }: TrustPolicy): string | undefined {
  const issuer = rules[0]?.issuer;
  return issuer !== undefined && rules.every((rule) => rule.issuer === issuer) ? issuer : undefined;
}

/**
 * Anyone who can edit the job can edit the gate: in an event that is not on the list of
 * docs/trust-policy.md#what-every-rule-asks-for-without-saying-it, trust is what the defaults say, or what a digest pins. It raises the
 * bar; it cannot bind somebody who may edit the workflow itself.
 *
 * @param context undefined: the job is in no such context
 * @throws ConfigurationError CAVRA-E212 naming each refused override
 */
export function refuseTrustOverrides(context: UntrustedContext | undefined, overrides: readonly TrustOverride[]): void {
  const refused = overrides.filter(({ pinned }) => !pinned).map(describeOverride);
  if (context === undefined || refused.length === 0) {
    return;
  }
  throw new ConfigurationError(
    'CAVRA-E212',
    `this job runs for the event ${quoted(context.event)} and may not set ${refused.join(', ')}; ` +
      `these may be chosen freely only in the events ${freeEvents(context.platform)}`,
  );
}

function describeOverride({ name, isFile }: TrustOverride): string {
  const digest = PINS.get(name);
  if (digest !== undefined) return `${name} (unless ${digest} pins it)`;
  if (name === 'issuer') return 'issuer (unless every rule of a pinned trust policy names it)';
  return isFile ? `${name} (unless written FILE@sha256:HEX)` : name;
}
