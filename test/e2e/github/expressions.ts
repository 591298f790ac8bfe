import { data, Evaluator, Lexer, Parser } from '@actions/expressions';

/** Place of a job in its matrix; without a matrix it is 0 of 1, as on GitHub. */
export interface Matrix {
  readonly index: number;
  readonly total: number;
}

/** A default of action.yml, with its expression evaluated by GitHub's own engine. */
export function evaluateDefault(text: string, { index, total }: Matrix): string {
  const expression = /^\$\{\{(.*)\}\}$/s.exec(text)?.[1];
  if (expression === undefined) return text;
  const strategy = new data.Dictionary(
    { key: 'job-index', value: new data.NumberData(index) },
    { key: 'job-total', value: new data.NumberData(total) },
  );
  const contexts = new data.Dictionary({ key: 'strategy', value: strategy });
  const parsed = new Parser(new Lexer(expression).lex().tokens, ['strategy'], []).parse();
  return new Evaluator(parsed, contexts).evaluate().coerceString();
}
