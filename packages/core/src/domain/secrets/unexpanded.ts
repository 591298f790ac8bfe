/** `$(NAME)`, `${NAME}` or `$NAME`, and nothing else. */
const REFERENCE = /^\$(\([^)]*\)|\{[^}]*\}|[A-Za-z_][A-Za-z0-9_]*)$/;

/**
 * Whether a value is only a reference to a variable. Azure Pipelines and GitLab leave it as it stands where the variable is not there, for
 * example in the build of a fork; it can be long enough for a key, and everybody knows it.
 */
export function isUnexpanded(value: string): boolean {
  return REFERENCE.test(value);
}
