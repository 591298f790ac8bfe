import { PROVIDERS } from '../domain/identity/sources.ts';
import type { EvidenceExpectations } from '../domain/verification/expectations.ts';
import type { SettingDefinition } from './definition.ts';

/** What an adapter knows of the run that it is part of, and evidence can be expected to be of. */
export type RunField = Extract<keyof EvidenceExpectations, 'provider' | 'repository' | 'ref' | 'sha' | 'run_id'>;

/** A setting of `verify`. */
export interface VerifySettingDefinition extends SettingDefinition {
  /** The expectation of the evidence that this is. */
  readonly expects?: keyof EvidenceExpectations;
  /** What an adapter expects where nothing is given: the same of its own run, or this text. On the command line: nothing. */
  readonly thisRun?: RunField;
  readonly adapterDefault?: string;
  /** In adapters, where it differs: 0 is what an expression makes of a variable that is not set. */
  readonly adapterRange?: readonly [minimum: number, maximum: number];
  /** The command line has no run of its own to prove. */
  readonly adaptersOnly?: true;
}

/** Says that something is not expected. Nothing does so by being empty: an unset variable must not switch a check off. */
const ANY = 'any';

const EXPECTATION = { role: 'expectation', word: ANY } as const;
const OWN_RUN = { role: 'trust', adaptersOnly: true } as const;
const MAX_SECONDS = 999_999_999;

const DEFINITIONS = [
  {
    name: 'path',
    kind: 'path',
    role: 'plain',
    placeholder: 'PATH',
    description: 'folder of the evidence, its .jsonl, or a zip of it',
  },
  {
    name: 'keyring',
    environment: 'CAVRA_KEYRING',
    kind: 'trust-file',
    role: 'trust',
    placeholder: 'FILE',
    description: 'keys by id, with status and period; else CAVRA_DAEMON_EVIDENCE_HMAC_KEY and its _KEY_ID',
  },
  {
    name: 'public-key',
    kind: 'list',
    role: 'trust',
    placeholder: 'FILE',
    description: 'one of these Ed25519 keys must have signed the checkpoint, which must be there; no secret is needed',
  },
  {
    name: 'subject-path',
    option: 'subject',
    alias: 'subject',
    kind: 'list',
    role: 'expectation',
    placeholder: 'FILE',
    description: 'these files or globs must be subjects of the checkpoint, which must say PASSED',
  },
  {
    name: 'against',
    kind: 'list',
    role: 'expectation',
    placeholder: 'FILE',
    description: 'an earlier checkpoint that the evidence must continue: finds truncation, fork and rollback',
  },
  {
    name: 'integrity-only',
    kind: 'flag',
    default: 'false',
    role: 'expectation',
    description: 'accept that no signature is checked; the report says so',
  },
  {
    ...EXPECTATION,
    name: 'expect-provider',
    expects: 'provider',
    thisRun: 'provider',
    kind: 'choice',
    choices: PROVIDERS,
    placeholder: 'NAME',
    description: 'the platform of every record: github-actions, gitlab-ci, azure-pipelines or local',
  },
  {
    ...EXPECTATION,
    name: 'expect-repository',
    expects: 'repository',
    thisRun: 'repository',
    kind: 'text',
    placeholder: 'NAME',
    description: 'the repository of every record',
  },
  {
    ...EXPECTATION,
    name: 'expect-ref',
    expects: 'ref',
    thisRun: 'ref',
    kind: 'text',
    placeholder: 'REF',
    description: 'the ref of every record',
  },
  {
    ...EXPECTATION,
    name: 'expect-sha',
    expects: 'sha',
    thisRun: 'sha',
    kind: 'text',
    placeholder: 'COMMIT',
    description: 'the commit of every record',
  },
  {
    ...EXPECTATION,
    name: 'expect-run-id',
    expects: 'run_id',
    thisRun: 'run_id',
    kind: 'text',
    placeholder: 'ID',
    description: 'the run of every record',
  },
  {
    ...EXPECTATION,
    name: 'expect-decision',
    expects: 'decision',
    adapterDefault: 'allow',
    kind: 'choice',
    choices: ['allow', 'block', 'require_approval'],
    placeholder: 'D',
    description: 'the worst decision of the evidence: allow, block or require_approval',
  },
  {
    ...EXPECTATION,
    name: 'max-age',
    expects: 'max_age_seconds',
    kind: 'seconds',
    range: [0, MAX_SECONDS],
    adapterRange: [1, MAX_SECONDS],
    placeholder: 'SECONDS',
    description: 'the last record must be at most this many seconds old',
  },
  {
    ...OWN_RUN,
    name: 'issuer',
    kind: 'text',
    placeholder: 'URL',
    description: 'pinned OIDC issuer of the token that proves this run; the platform’s public one by default',
  },
  {
    ...OWN_RUN,
    name: 'audience',
    kind: 'text',
    placeholder: 'TEXT',
    description: 'pinned audience of that token; cavra-release-governance-verify by default, where it can be chosen',
  },
  {
    ...OWN_RUN,
    name: 'jwks-url',
    kind: 'https-url',
    placeholder: 'URL',
    description: 'where its issuer publishes its keys',
  },
  {
    ...OWN_RUN,
    name: 'jwks',
    kind: 'trust-file',
    placeholder: 'FILE',
    description: 'the keys of its issuer as a file, instead of jwks-url',
  },
  {
    ...OWN_RUN,
    name: 'max-token-age',
    kind: 'seconds',
    range: [1, 86_400],
    placeholder: 'SECONDS',
    description: 'greatest age of that token in seconds; 900 by default, on GitLab 3600',
  },
  {
    ...OWN_RUN,
    name: 'ca-certificates',
    kind: 'authorities',
    placeholder: 'PEM|FILE',
    description: 'certificate authorities beside Node’s own, for the token service and the keys: PEM, or a file',
  },
] as const satisfies readonly VerifySettingDefinition[];

export type VerifySettingName = (typeof DEFINITIONS)[number]['name'];

/**
 * Every setting of `verify`, once, in the order in which they are documented: for the command line, the GitHub verify action, the GitLab
 * verify job and the Azure task. A new expectation is a row here, and a check in `domain/verification`.
 */
export const VERIFY_SETTINGS: readonly (VerifySettingDefinition & { readonly name: VerifySettingName })[] = DEFINITIONS;

/** Where a setting is described: on the command line, or for inputs that take several entries in lines or between semicolons. */
export type DescribedFor = 'command-line' | 'lines' | 'semicolons';

/** What a setting of `verify` is for, what its empty text and its word mean, and how several are written. */
export function describeVerifySetting(definition: VerifySettingDefinition, where: DescribedFor): string {
  const { description, kind, word, thisRun, adapterDefault } = definition;
  if (where === 'command-line') return word === undefined ? description : `${description}; ${word}: not checked`;
  const several = where === 'lines' ? 'one a line' : 'several with a semicolon between them';
  if (word === undefined) return kind === 'list' ? `${description}; ${several}` : description;
  const off = `\`${word}\`: not checked`;
  if (adapterDefault !== undefined) return `${description}; ${off}`;
  return thisRun === undefined ? `${description}; empty or ${off}` : `${description}; empty: this run’s; ${off}`;
}
