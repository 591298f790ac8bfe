/**
 * What a condition compares a value with: exactly, or by a glob. A glob covers the whole string; `*` stands for any characters, also
 * none, within one segment between slashes, save that it never matches an empty segment, `.` or `..`, one with a line end or another
 * control character, or one with a `%` escape. There is no `**`, `?`, class or
 * escape.
 */
export interface ValuePattern {
  readonly kind: 'exact' | 'glob';
  readonly text: string;
}

/** Compared without letter case: in lower case on both sides. */
export const GUID_FORM = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;

const WILDCARD = '*';
const SEPARATOR = '/';

export function exactly(text: string): ValuePattern {
  return { kind: 'exact', text };
}

export function glob(text: string): ValuePattern {
  return { kind: 'glob', text };
}

/** Takes time in the product of the two lengths at worst. */
export function matchesPattern(pattern: ValuePattern, value: string): boolean {
  if (pattern.kind === 'exact') {
    return pattern.text === value;
  }
  const parts = pattern.text.split(SEPARATOR);
  const segments = value.split(SEPARATOR);
  return parts.length === segments.length && parts.every((part, index) => matchesSegment(part, segments[index] ?? ''));
}

/** Nothing, `.` and `..`; what begins a new line or hides; what another reader may take for a slash or a dot. */
const NEVER_BY_WILDCARD = /^\.{0,2}$|[\p{Cc}\p{Cf}\u2028\u2029]|%[0-9a-f]{2}/iu;

/** Between the first and the last literal, each literal is taken at its first place: no other choice can match where that fails. */
function matchesSegment(part: string, segment: string): boolean {
  const literals = part.split(WILDCARD);
  const first = literals.shift() ?? '';
  const last = literals.pop();
  if (last === undefined) {
    return part === segment;
  }
  if (!segment.startsWith(first) || !segment.endsWith(last) || segment.length < first.length + last.length) {
    return false;
  }
  const end = segment.length - last.length;
  let position = first.length;
  for (const literal of literals) {
    const found = segment.indexOf(literal, position);
    if (found < 0 || found + literal.length > end) {
      return false;
    }
    position = found + literal.length;
  }
  return !NEVER_BY_WILDCARD.test(segment);
}

/** Whether whatever `narrow` matches is matched by `wide` too. Says no where it cannot tell. */
export function coversPattern(wide: ValuePattern, narrow: ValuePattern): boolean {
  if (narrow.kind === 'exact') {
    return matchesPattern(wide, narrow.text);
  }
  if (wide.kind === 'exact') {
    return false;
  }
  const wideParts = wide.text.split(SEPARATOR);
  const narrowParts = narrow.text.split(SEPARATOR);
  return (
    wideParts.length === narrowParts.length &&
    wideParts.every((part, index) => part === WILDCARD || part === narrowParts[index])
  );
}

/** Whether some value may match both. Says yes where it cannot tell. */
export function overlapsPattern(left: ValuePattern, right: ValuePattern): boolean {
  if (left.kind === 'exact') return matchesPattern(right, left.text);
  if (right.kind === 'exact') return matchesPattern(left, right.text);
  const [first, second] = [literalPrefix(left), literalPrefix(right)];
  const alike = first.startsWith(second) || second.startsWith(first);
  return alike && left.text.split(SEPARATOR).length === right.text.split(SEPARATOR).length;
}

/** The pattern's characters before the first `*`. */
export function literalPrefix(pattern: ValuePattern): string {
  const end = pattern.kind === 'glob' ? pattern.text.indexOf(WILDCARD) : -1;
  return end < 0 ? pattern.text : pattern.text.slice(0, end);
}

/** As a person writes it in a message: `refs/heads/main`, `glob refs/heads/release/*`. */
export function describePattern(pattern: ValuePattern): string {
  return pattern.kind === 'exact' ? pattern.text : `glob ${pattern.text}`;
}
