/**
 * What a condition compares a value with: exactly, or by a glob. A glob covers the whole string; `*` stands for any characters, also
 * none, within one segment between slashes, save that it never matches an empty segment, `.` or `..`. There is no `**`, `?`, class or
 * escape.
 */
export interface ValuePattern {
  readonly kind: 'exact' | 'glob';
  readonly text: string;
}

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

const NEVER_BY_WILDCARD = ['', '.', '..'];

/** Between the first and the last literal, each literal is taken at its first place: no other choice can match where that fails. */
function matchesSegment(part: string, segment: string): boolean {
  const literals = part.split(WILDCARD);
  const first = literals.shift() ?? '';
  const last = literals.pop();
  if (last === undefined) {
    return part === segment;
  }
  if (NEVER_BY_WILDCARD.includes(segment)) {
    return false;
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
  return true;
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

/** The pattern's characters before the first `*`. */
export function literalPrefix(pattern: ValuePattern): string {
  const end = pattern.kind === 'glob' ? pattern.text.indexOf(WILDCARD) : -1;
  return end < 0 ? pattern.text : pattern.text.slice(0, end);
}

/** As a person writes it in a message: `refs/heads/main`, `glob refs/heads/release/*`. */
export function describePattern(pattern: ValuePattern): string {
  return pattern.kind === 'exact' ? pattern.text : `glob ${pattern.text}`;
}
