import { MAX_DOTENV_BYTES, MAX_DOTENV_VALUE_CHARACTERS } from './limits.ts';

/** `rule-id` -> `CAVRA_RULE_ID`. */
export function dotenvName(output: string): string {
  return `CAVRA_${output.toUpperCase().replaceAll('-', '_')}`;
}

/**
 * The outputs as a dotenv report, `NAME=value` a line. Parts of the values come from requests, and GitLab expands `$NAME` in dotenv
 * variables: whatever is not plain text becomes an underscore, so that nothing can be expanded, quoted or continued.
 */
export function dotenvText(outputs: Readonly<Record<string, string>>): string {
  const lines = Object.entries(outputs).map(([name, value]) => `${dotenvName(name)}=${plain(value)}\n`);
  const text = lines.join('');
  // GitLab fails a job whose report is too large; no value that anybody decides on is long.
  return Buffer.byteLength(text) <= MAX_DOTENV_BYTES
    ? text
    : lines.filter((line) => line.length < MAX_DOTENV_VALUE_CHARACTERS).join('');
}

function plain(value: string): string {
  return value
    .replace(/[^A-Za-z0-9 .,:;@%+=/()_-]/g, '_')
    .slice(0, MAX_DOTENV_VALUE_CHARACTERS)
    .trim();
}
