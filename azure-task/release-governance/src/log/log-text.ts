import type { CavraError } from '@cavra/release-governance-core';

/** What a failure says on the run's page. */
export function failureText(
  { code, message, action }: Pick<CavraError, 'code' | 'message' | 'action'>,
  hint: string,
): string {
  return [`${code}: ${message}`, `What to do: ${action}`, ...(hint === '' ? [] : [sentence(hint)])].join('. ');
}

export function row(label: string, text: string): string {
  return `  ${label.padEnd(10)}  ${text}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
