import { describe, expect, it } from '@jest/globals';
import { sshSigner } from '../../../../../test/support/ssh-signer.ts';
import { parseAllowedSigners } from '../../../src/domain/approvals/allowed-signers.ts';

const [one, two] = [sshSigner(), sshSigner('sk-ssh-ed25519@openssh.com')] as const;
const parse = (...lines: readonly string[]) => parseAllowedSigners(Buffer.from(`${lines.join('\n')}\n`));
const shown = (...lines: readonly string[]) =>
  parse(...lines).people.map(({ name, keys }) => [name, keys.map(({ publicKey }) => publicKey.type)]);

describe('a file of allowed signers', () => {
  it('names people and their keys', () => {
    const people = shown(
      '# who may approve',
      '',
      `ann ${one.publicKey} ann on a laptop`,
      `  bob\tnamespaces="git,release-approval@cavra",valid-before="20270101Z"  ${two.publicKey}`,
      `ann Namespaces="release-approval@cavra" ${sshSigner('ecdsa-sha2-nistp256').publicKey}`,
    );
    expect(people).toEqual([
      ['ann', ['ssh-ed25519', 'ecdsa-sha2-nistp256']],
      ['bob', ['sk-ssh-ed25519@openssh.com']],
    ]);
  });

  it('has periods in UTC', () => {
    const { people, problems } = parse(`ann valid-after="20260101Z",valid-before="20270203040506Z" ${one.publicKey}`);
    expect(problems).toEqual([]);
    expect(people[0]?.keys[0]).toMatchObject({
      validAfter: Date.parse('2026-01-01T00:00:00Z'),
      validBefore: Date.parse('2027-02-03T04:05:06Z'),
    });
    expect(parse(`ann valid-after="202601010203Z" ${one.publicKey}`).people[0]?.keys[0]?.validAfter).toBe(
      Date.parse('2026-01-01T02:03:00Z'),
    );
  });

  it('leaves lines for other namespaces alone', () => {
    const { people, problems } = parse(`ann namespaces="git" ${one.publicKey}`, `bob ${two.publicKey}`);
    expect([people.map(({ name }) => name), problems]).toEqual([['bob'], []]);
  });

  it.each<[string, string, string]>([
    ['a pattern', `* ${one.publicKey}`, 'is a pattern'],
    ['a pattern within', `ann? ${one.publicKey}`, 'is a pattern'],
    ['a negation', `!ann ${one.publicKey}`, 'is a pattern'],
    ['two principals', `ann,bob ${one.publicKey}`, 'more than one principal'],
    ['a principal in quotes', `"ann" ${one.publicKey}`, 'more than one principal'],
    ['an e-mail address', `ann@example.com ${one.publicKey}`, 'is an e-mail address'],
    ['a certificate authority', `ann cert-authority ${one.publicKey}`, 'a certificate authority is not accepted'],
    ['one in capitals', `ann CERT-AUTHORITY ${one.publicKey}`, 'a certificate authority is not accepted'],
    ['local time', `ann valid-before="20270101" ${one.publicKey}`, 'without Z it is local time'],
    ['an hour alone', `ann valid-before="2027010112Z" ${one.publicKey}`, 'valid-before must be a time in UTC'],
    ['a day that is none', `ann valid-after="20270230Z" ${one.publicKey}`, 'valid-after must be a time in UTC'],
    ['an option that is not known', `ann no-touch-required ${one.publicKey}`, 'is not known'],
    ['an option twice', `ann valid-after="20260101Z",valid-after="20270101Z" ${one.publicKey}`, 'given twice'],
    ['namespaces by pattern', `ann namespaces="release-*" ${one.publicKey}`, 'are a pattern'],
    ['a key that cannot be used', `ann ssh-dss AAAAB3NzaC1kc3MAAAAB`, 'is not accepted'],
    ['a key that is cut', `ann ${one.publicKey.slice(0, -4)}`, 'is cut off'],
    ['no key', 'ann', 'expected a principal'],
    ['something else', 'ann: release manager', 'expected a principal'],
    ['a name that cannot be seen', `an\u202en ${one.publicKey}`, 'one that is not seen'],
  ])('is refused with %s', (_, line, problem) => {
    const { problems } = parse('# comment', line, `bob ${two.publicKey}`);
    expect(problems).toEqual([expect.stringContaining(problem)]);
    expect(problems[0]).toMatch(/^line 2: /);
  });

  it('is refused where it names nobody, or is no text', () => {
    expect(parse('# nobody').problems).toEqual(['nobody may sign for release-approval@cavra']);
    expect(parseAllowedSigners(Buffer.from([0xff])).problems).toEqual(['the text is not UTF-8']);
  });
});
