/** Small pieces of YAML, written so that YAML 1.1 (GitLab) and 1.2 read them alike. */

/** A value in flow style: JSON, in which everything but printable ASCII is escaped. */
export function flow(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Each line of a text behind `prefix`; empty lines stay empty. */
export function indented(text: string, prefix: string): string {
  return text.replace(/^(?!$)/gm, prefix);
}

/** A text as comment lines. */
export function commented(text: string): string {
  return text
    .split('\n')
    .map((line) => `# ${line}`.trimEnd())
    .join('\n');
}
