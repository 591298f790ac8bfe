import { ConfigurationError } from '../diagnosis.ts';
import { quoted } from '../trust/problems.ts';

/** What of a pull-request context matters here; `domain/identity` tells whether a job is in one. */
export interface UntrustedContext {
  /** The event, in the platform's own word. */
  readonly event: string;
}

/** A setting that says who or what is believed or expected, given other than by default. */
export interface TrustOverride {
  /** As the user writes it, for example `trust-policy`. */
  readonly name: string;
  /** Whether a digest fixes what the setting may hold. */
  readonly pinned: boolean;
}

/** The settings whose content a digest can fix, with the setting that holds the digest. */
const PINS: ReadonlyMap<string, string> = new Map([
  ['trust-policy', 'trust-policy-sha256'],
  ['runtime', 'runtime-sha256'],
]);
const DIGESTS: ReadonlySet<string> = new Set(PINS.values());

/**
 * The overrides among the given settings.
 *
 * @param given names of all settings that were given other than by default
 * @param trustSettings names of the settings that decide who or what is believed or expected
 */
export function trustOverrides(given: ReadonlySet<string>, trustSettings: Iterable<string>): readonly TrustOverride[] {
  return [...trustSettings].filter((name) => given.has(name)).map((name) => ({ name, pinned: isPinned(name, given) }));
}

/** A digest only narrows what may be used, so it is as good as pinned. */
function isPinned(name: string, given: ReadonlySet<string>): boolean {
  const digest = PINS.get(name);
  return DIGESTS.has(name) || (digest !== undefined && given.has(digest));
}

/**
 * Who can edit the job can edit the gate (design.md section 4): in a pull request, and on events that mix the base's rights with
 * an outsider's data, trust is what the defaults say, or what a digest pins. It raises the bar; it cannot bind somebody who may edit
 * the workflow itself.
 *
 * @param context undefined: the job is in no such context
 * @throws ConfigurationError CAVRA-E212 naming each refused override
 */
export function refuseTrustOverrides(context: UntrustedContext | undefined, overrides: readonly TrustOverride[]): void {
  const refused = overrides.filter(({ pinned }) => !pinned).map(({ name }) => describeOverride(name));
  if (context === undefined || refused.length === 0) {
    return;
  }
  throw new ConfigurationError(
    'CAVRA-E212',
    `this job runs for the event ${quoted(context.event)} and may not set ${refused.join(', ')}`,
  );
}

function describeOverride(name: string): string {
  const digest = PINS.get(name);
  return digest === undefined ? name : `${name} (unless ${digest} pins it)`;
}
