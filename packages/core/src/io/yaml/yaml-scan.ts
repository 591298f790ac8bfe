import type { LineCounter } from 'yaml';
import { MAX_JSON_DEPTH, MAX_REPORT_FINDINGS, MAX_YAML_COMPACT_DEPTH, MAX_YAML_INDENT } from '../../domain/limits.ts';
import type { PolicyProblem } from '../../domain/trust/problems.ts';

type Yaml = typeof import('yaml');

const FORBIDDEN: Readonly<Record<string, string>> = {
  anchor: 'anchors are not allowed; write the value out',
  alias: 'aliases are not allowed; write the value out',
  tag: 'tags are not allowed',
  'directive-line': 'directives are not allowed',
  'byte-order-mark': 'a byte order mark is not allowed',
};

/**
 * Refuses by tokens what the parser must not see. Its composer is recursive, and an exhausted stack ends the process where it falls
 * into a regular expression: so the nesting is bounded before it runs. The lexer itself is not recursive.
 *
 * @param lines is told where each line begins
 */
export function scanYaml(yaml: Yaml, text: string, lines: LineCounter): readonly PolicyProblem[] {
  noteLines(text, lines);
  const control = CONTROL_CHARACTER.exec(text);
  if (control !== null) {
    // The lexer uses some of them for its own marks.
    return [problemAt(lines, control.index, 'control characters and unpaired surrogates are not allowed')];
  }
  const scanner = new Scanner(lines);
  for (const token of tokensOf(yaml, text)) {
    if (!scanner.take(token)) {
      break;
    }
  }
  return scanner.problems;
}

const CONTROL_CHARACTER = /(?![\t\n\r])[\p{Cc}\p{Cs}\u2028\u2029]/u;

function noteLines(text: string, lines: LineCounter): void {
  lines.addNewLine(0);
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) {
    lines.addNewLine(end + 1);
  }
}

function problemAt(lines: LineCounter, offset: number, message: string): PolicyProblem {
  const { line, col } = lines.linePos(offset);
  return { path: '', message, position: { line, column: col } };
}

interface Token {
  /** The type that the yaml package gives it; `content` for the text of a scalar. */
  readonly type: string;
  readonly source: string;
  readonly offset: number;
}

/** Marks of the lexer that stand for no text. */
const MARKS = ['doc-mode', 'flow-error-end', 'scalar'];

function* tokensOf(yaml: Yaml, text: string): Generator<Token> {
  let offset = 0;
  let content = false;
  for (const source of new yaml.Lexer().lex(text)) {
    const type: string = content ? 'content' : (yaml.CST.tokenType(source) ?? 'content');
    content = type === 'scalar';
    if (!MARKS.includes(type)) {
      yield { type, source, offset };
      offset += source.length;
    }
  }
}

const BLOCK_INDICATORS = ['seq-item-ind', 'explicit-key-ind', 'map-value-ind'];

class Scanner {
  readonly problems: PolicyProblem[] = [];
  readonly #lines: LineCounter;
  /** Open brackets and braces. */
  #flow = 0;
  /** Indicators that may each open a level: on this line, and within brackets since the last comma. */
  #compact = 0;
  #documents = 0;
  #lineStart = true;

  constructor(lines: LineCounter) {
    this.#lines = lines;
  }

  /** False: nothing after this token is worth a look. */
  take(token: Token): boolean {
    const forbidden = FORBIDDEN[token.type];
    if (forbidden !== undefined) {
      this.#report(token, forbidden);
    }
    if (token.type === 'doc-start') {
      this.#documents += 1;
    }
    if (this.#documents > 1) {
      return this.#report(token, 'more than one document');
    }
    const bounded = this.#bound(token);
    this.#lineStart = token.type === 'newline';
    return bounded && this.problems.length < MAX_REPORT_FINDINGS;
  }

  #bound(token: Token): boolean {
    if (this.#flow === 0 && this.#lineStart && token.type === 'space' && token.source.length > MAX_YAML_INDENT) {
      return this.#report(token, `indented by more than ${MAX_YAML_INDENT} columns`);
    }
    this.#count(token.type);
    if (this.#flow > MAX_JSON_DEPTH || this.#compact > MAX_YAML_COMPACT_DEPTH) {
      return this.#report(token, `nested deeper than ${MAX_JSON_DEPTH} levels`);
    }
    return true;
  }

  #count(type: string): void {
    if (type === 'flow-map-start' || type === 'flow-seq-start') {
      this.#flow += 1;
      this.#compact = 0;
    } else if (type === 'flow-map-end' || type === 'flow-seq-end') {
      this.#flow = Math.max(0, this.#flow - 1);
      this.#compact = 0;
    } else if (type === 'comma' || (type === 'newline' && this.#flow === 0)) {
      this.#compact = 0;
    } else if (BLOCK_INDICATORS.includes(type)) {
      this.#compact += 1;
    }
  }

  #report({ offset }: Token, message: string): false {
    this.problems.push(problemAt(this.#lines, offset, message));
    return false;
  }
}
