import { data, Evaluator, Lexer, Parser } from '@actions/expressions';

/** Place of a job in its matrix; without a matrix it is 0 of 1, as on GitHub. */
export interface Matrix {
  readonly index: number;
  readonly total: number;
}

/** What expressions may look at: names to texts, numbers, or further such objects. */
export interface Contexts {
  readonly [name: string]: string | number | Contexts;
}

/** Evaluates every `${{ }}` in a text by GitHub's own engine. */
export function evaluateText(text: string, contexts: Contexts): string {
  const names = Object.keys(contexts);
  return text.replace(/\$\{\{(.*?)\}\}/gs, (_, expression: string) => {
    const parsed = new Parser(new Lexer(expression).lex().tokens, names, []).parse();
    return new Evaluator(parsed, dictionary(contexts)).evaluate().coerceString();
  });
}

function dictionary(contexts: Contexts): data.Dictionary {
  return new data.Dictionary(
    ...Object.entries(contexts).map(([key, value]) => ({ key, value: expressionData(value) })),
  );
}

function expressionData(value: string | number | Contexts): data.ExpressionData {
  if (typeof value === 'string') return new data.StringData(value);
  return typeof value === 'number' ? new data.NumberData(value) : dictionary(value);
}

/** What every job of a test has for `github.token`. */
export const JOB_TOKEN = 'ghs_0000000000000000000000000000test0000';

/** A default of action.yml. */
export function evaluateDefault(text: string, { index, total }: Matrix): string {
  return evaluateText(text, { strategy: { 'job-index': index, 'job-total': total }, github: { token: JOB_TOKEN } });
}
