import { ConfigurationError } from '@cavra/release-governance-core';
import type { OptionDefinition, ParsedArguments } from '../../command-line/command.ts';

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
export const OUTPUT: OptionDefinition = {
  name: 'output',
  kind: 'value',
  placeholder: 'FILE',
  description: 'write the result to a file instead of the screen',
};

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
