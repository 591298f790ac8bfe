import { MAX_REPORT_FINDINGS } from '../limits.ts';
import { type DocumentPath, formatPath, type Locate, type PolicyProblem, quoted } from './problems.ts';

/** Collects everything that is wrong in a document, so that one run names it all. */
export class ProblemCollector {
  readonly problems: PolicyProblem[] = [];
  readonly #locate: Locate;

  constructor(locate: Locate) {
    this.#locate = locate;
  }

  /** Notes the problem; always returns undefined, so that a reader can end with it. */
  report(path: DocumentPath, message: string): undefined {
    if (this.problems.length < MAX_REPORT_FINDINGS) {
      const position = this.#locate(path);
      this.problems.push({ path: formatPath(path), message, ...(position === undefined ? {} : { position }) });
    }
    return undefined;
  }
}

export type Members = Readonly<Record<string, unknown>>;

export interface MemberNames {
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

/** The value as an object with no other members than the named ones, and all of the required ones. */
export function readObject(
  value: unknown,
  path: DocumentPath,
  names: MemberNames,
  collector: ProblemCollector,
): Members | undefined {
  if (!isObject(value)) {
    return collector.report(path, `expected a mapping, got ${describeValue(value)}`);
  }
  const known = [...names.required, ...names.optional];
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) {
      collector.report([...path, name], `unknown member ${quoted(name)}, expected ${known.join(', ')}`);
    }
  }
  for (const name of names.required) {
    if (!Object.hasOwn(value, name)) {
      collector.report(path, `${name} is missing`);
    }
  }
  return value;
}

/** Reads single members; one that is absent is undefined. */
export function memberReader(members: Members, path: DocumentPath) {
  return <Value>(name: string, read: (value: unknown, path: DocumentPath) => Value | undefined): Value | undefined =>
    Object.hasOwn(members, name) ? read(members[name], [...path, name]) : undefined;
}

/** The value as a list of at least one and at most `maximum` items. */
export function readList(
  value: unknown,
  path: DocumentPath,
  maximum: number,
  collector: ProblemCollector,
): readonly unknown[] | undefined {
  if (!Array.isArray(value)) {
    return collector.report(path, `expected a list, got ${describeValue(value)}`);
  }
  if (value.length === 0 || value.length > maximum) {
    return collector.report(path, `expected 1 to ${maximum} items, got ${value.length}`);
  }
  return value;
}

/** The value as a string that stands on one line, of at most `maximum` UTF-16 units. */
export function readText(
  value: unknown,
  path: DocumentPath,
  maximum: number,
  collector: ProblemCollector,
): string | undefined {
  if (typeof value !== 'string') {
    return collector.report(path, `expected a string, got ${describeValue(value)}${quotingHint(value)}`);
  }
  if (value === '' || value.length > maximum) {
    return collector.report(path, `expected 1 to ${maximum} characters, got ${value.length}`);
  }
  if (CONTROL_CHARACTER.test(value)) {
    return collector.report(path, 'holds a line end, a control character or one that is not seen');
  }
  if (value.trim() !== value) {
    return collector.report(path, 'begins or ends with white space');
  }
  return value;
}

const CONTROL_CHARACTER = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;

export function readChoice<Choice extends string>(
  value: unknown,
  path: DocumentPath,
  choices: readonly Choice[],
  collector: ProblemCollector,
): Choice | undefined {
  const found = choices.find((choice) => choice === value);
  const got = typeof value === 'string' ? quoted(value) : describeValue(value);
  return found ?? collector.report(path, `expected one of ${choices.join(', ')}, got ${got}`);
}

/** Reports each item that stands in the list before. */
export function rejectDuplicates(
  items: readonly { readonly text: string; readonly path: DocumentPath }[],
  collector: ProblemCollector,
): void {
  const seen = new Set<string>();
  for (const { text, path } of items) {
    if (seen.has(text)) {
      collector.report(path, `${quoted(text)} is given twice`);
    }
    seen.add(text);
  }
}

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The kind of a value in the words of YAML and JSON. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) {
    return 'nothing';
  }
  if (Array.isArray(value)) {
    return 'a list';
  }
  return typeof value === 'object' ? 'a mapping' : `a ${typeof value === 'bigint' ? 'number' : typeof value}`;
}

function quotingHint(value: unknown): string {
  return ['number', 'bigint', 'boolean'].includes(typeof value) ? '; put it in quotes' : '';
}
