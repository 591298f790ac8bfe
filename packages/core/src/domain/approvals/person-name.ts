import { printableName } from '../text/printable.ts';

export const MAX_PERSON_NAME_LENGTH = 100;
/** Something before and behind an @, as in an address: it would be published with the evidence. */
export const EMAIL_FORM = /[^\s@]@[^\s@]/u;

/** What is wrong with a name of a person, which stands in evidence, reports and logs; undefined: nothing. */
export function nameProblem(name: string): string | undefined {
  if (EMAIL_FORM.test(name)) {
    return `${printableName(name)} is an e-mail address, which the evidence would publish; write a name such as release-lead`;
  }
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(name)) return 'a name holds a line end, a control character or one that is not seen';
  if (name.length > MAX_PERSON_NAME_LENGTH) return `a name has at most ${MAX_PERSON_NAME_LENGTH} characters`;
  return undefined;
}
