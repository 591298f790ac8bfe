import { type GateResult, resultRows } from '@cavra/release-governance-core';
import { rowsText, type Style } from './style.ts';

/** The gate's result for people. */
export function gateText(result: GateResult, style: Style): string {
  const verdict = result.verdict === 'pass' ? style.good('PASS') : style.bad('FAIL');
  return `${style.bold('CAVRA release gate')}  ${verdict}\n\n${rowsText(resultRows(result), style)}`;
}
