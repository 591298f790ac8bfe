import { ConfigurationError } from '@cavra/release-governance-core';
import type { OptionDefinition, ParsedArguments } from '../../command-line/command.ts';

export const KEYRING: OptionDefinition = {
  name: 'keyring',
  kind: 'value',
  placeholder: 'FILE',
  environment: 'CAVRA_KEYRING',
  description: 'keys by id, with status and period; else CAVRA_DAEMON_EVIDENCE_HMAC_KEY and its _KEY_ID',
};
export const PUBLIC_KEY: OptionDefinition = {
  name: 'public-key',
  kind: 'list',
  placeholder: 'FILE',
  description: 'one of these Ed25519 keys must have signed the checkpoint, which must be there; no secret is needed',
};
export const SUBJECT: OptionDefinition = {
  name: 'subject',
  kind: 'list',
  placeholder: 'FILE',
  description: 'these bytes must be subjects of the checkpoint, which must say PASSED',
};
export const AGAINST: OptionDefinition = {
  name: 'against',
  kind: 'list',
  placeholder: 'FILE',
  description: 'an earlier checkpoint: finds truncation, fork and rollback',
};
export const RECORD: OptionDefinition = {
  name: 'record',
  kind: 'value',
  placeholder: 'N',
  description: 'with --proof: write the proof of this one record',
};
export const PROOF: OptionDefinition = {
  name: 'proof',
  kind: 'flag',
  description: 'with --record: write its proof; without: PATH is such a proof, to be verified',
};
export const INTEGRITY_ONLY: OptionDefinition = {
  name: 'integrity-only',
  kind: 'flag',
  description: 'accept that no signature is checked; the report says so',
};
export const OUTPUT: OptionDefinition = {
  name: 'output',
  kind: 'value',
  placeholder: 'FILE',
  description: 'write the result to a file instead of the screen',
};

/** The values of an option that may be given several times. */
export function listed(parsed: ParsedArguments, { name }: OptionDefinition): readonly string[] {
  const values = parsed.lists.get(name) ?? [];
  // One that is empty, for example by an unset variable, must not become none.
  if (values.includes('')) throw new ConfigurationError('CAVRA-E217', `verify: --${name} is empty`);
  return values;
}

/** Number of the record to prove, from 1; undefined: none is asked for. */
export function recordToProve(parsed: ParsedArguments): number | undefined {
  const text = parsed.values.get(RECORD.name);
  if (text === undefined) return undefined;
  if (!/^[1-9][0-9]{0,14}$/.test(text)) {
    throw new ConfigurationError('CAVRA-E217', 'verify: --record must be the number of a record, from 1');
  }
  if (!parsed.flags.has(PROOF.name)) throw new ConfigurationError('CAVRA-E217', 'verify: --record needs --proof');
  return Number(text);
}
