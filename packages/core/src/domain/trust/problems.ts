import { ConfigurationError } from '../diagnosis.ts';
import { printable } from '../json/pointer.ts';
import { MAX_LISTED_PROBLEMS } from '../limits.ts';

/** A place in a text; both count from 1, columns in UTF-16 units. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** Keys and list indexes from the root of a document. */
export type DocumentPath = readonly (string | number)[];

/** Where in the text the member (its key) or list item at a path begins; undefined when that is not known. */
export type Locate = (path: DocumentPath) => TextPosition | undefined;

/** One thing that is wrong in a policy file. */
export interface PolicyProblem {
  /** For example `rules[0].match.repository_id`; empty: the whole document. */
  readonly path: string;
  readonly message: string;
  readonly position?: TextPosition;
}

/** The trust policy cannot be used; `problems` has every reason, the message the first ones. */
export class TrustPolicyError extends ConfigurationError {
  readonly problems: readonly PolicyProblem[];

  constructor(problems: readonly PolicyProblem[], options?: ErrorOptions) {
    super('CAVRA-E210', summarize(problems), options);
    this.problems = problems;
  }
}

function summarize(problems: readonly PolicyProblem[]): string {
  const listed = problems.slice(0, MAX_LISTED_PROBLEMS).map(describeProblem);
  const rest = problems.length - listed.length;
  return rest > 0 ? `${listed.join('; ')}; and ${rest} more` : listed.join('; ');
}

/** For example `line 4, column 7: rules[0].provider: expected one of github-actions, …`. */
export function describeProblem({ path, message, position }: PolicyProblem): string {
  const place = position === undefined ? '' : `line ${position.line}, column ${position.column}: `;
  return `${place}${path === '' ? '' : `${path}: `}${message}`;
}

/** `['rules', 0, 'a.b']` as `rules[0]["a.b"]`. */
export function formatPath(path: DocumentPath): string {
  return path.reduce<string>((text, step) => text + formatStep(step, text === ''), '');
}

function formatStep(step: string | number, first: boolean): string {
  if (typeof step === 'string' && /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(step)) {
    return first ? step : `.${step}`;
  }
  return `[${typeof step === 'number' ? step : quoted(step)}]`;
}

/** Text from outside, in quotes, fit for a message. */
export function quoted(text: string): string {
  return `"${printable(text)}"`;
}
