import { describe, expect, it } from '@jest/globals';
import { inputLookup } from '../../src/settings/definition.ts';
import { expectationsOf, readVerifyInputs, readVerifyOptions } from '../../src/settings/verify-settings.ts';
import { VERIFY_SETTINGS } from '../../src/settings/verify-table.ts';
import { refusalOf } from '../support/refusal.ts';

type Given = Readonly<Record<string, string>>;

const RUN = { provider: 'gitlab-ci', repository: 'g/p', ref: 'main', sha: 'abc', run_id: '7' };
const THIS_RUN = { ...RUN, decision: 'allow' };

const inputs = (given: Given) =>
  readVerifyInputs(
    inputLookup(
      (name) => name,
      (name) => ({ path: 'evidence', ...given })[name],
    ),
  );
const options = (given: Given) =>
  readVerifyOptions('verify', ({ name }) => {
    const text = given[name];
    return text === undefined ? undefined : { text, label: `--${name}` };
  });

describe('the inputs of an adapter', () => {
  it('expect this run and allow where nothing is given', () => {
    expect(expectationsOf(inputs({}), RUN)).toEqual(THIS_RUN);
    const empty = Object.fromEntries(VERIFY_SETTINGS.map(({ name }) => [name, '']));
    expect(expectationsOf(inputs({ ...empty, path: 'evidence' }), RUN)).toEqual(THIS_RUN);
  });

  it('expect nothing where the word is given', () => {
    const any = Object.fromEntries(VERIFY_SETTINGS.flatMap(({ name, word }) => (word ? [[name, word]] : [])));
    expect(expectationsOf(inputs(any), {})).toEqual({});
  });

  it('take a branch of this run that is called as the word is', () => {
    expect(expectationsOf(inputs({}), { ...RUN, ref: 'any' })).toMatchObject({ ref: 'any' });
  });

  it('never expect less because this run does not know something', () => {
    const refusal = refusalOf(() => expectationsOf(inputs({}), { ...RUN, ref: '' }));
    expect(refusal).toMatchObject({ code: 'CAVRA-E201', message: expect.stringMatching(/^input expect-ref is empty/) });
  });

  it.each<[Given, RegExp]>([
    [{ path: '' }, /input path must name/],
    [{ 'max-age': '0' }, /input max-age must be a whole number of seconds from 1 .*, or any/],
    [{ 'expect-decision': 'maybe' }, /input expect-decision must be one of allow, block, require_approval, any/],
    [{ 'integrity-only': 'any' }, /input integrity-only must be true or false/],
    [{ subject: 'a', 'subject-path': 'b' }, /input subject-path and input subject exclude each other/],
  ])('refuse %j', (given, message) => {
    const refusal = refusalOf(() => inputs(given));
    expect(refusal).toMatchObject({ code: 'CAVRA-E201', exitStatus: 2, message: expect.stringMatching(message) });
  });

  it('take several entries, one a line, by either name', () => {
    expect(inputs({ 'subject-path': ' a \r\n\nb' }).subjects).toEqual(['a', 'b']);
    expect(inputs({ subject: 'a' }).subjects).toEqual(['a']);
  });
});

describe('the options of the command line', () => {
  it('expect nothing by themselves', () => {
    expect(options({}).expectations).toEqual({});
    expect(options({ 'expect-ref': 'any', 'max-age': '0' }).expectations).toEqual({ max_age_seconds: 0 });
  });

  const own = VERIFY_SETTINGS.filter(({ adaptersOnly }) => adaptersOnly === undefined);

  it.each(own.map(({ name }) => name))('take an empty --%s for a mistake', (name) => {
    for (const text of ['', '  ']) {
      const refusal = refusalOf(() => options({ [name]: text }));
      expect(refusal).toMatchObject({ code: 'CAVRA-E217', exitStatus: 2, message: `verify: --${name} is empty` });
    }
  });

  it('take an empty one of several for a mistake', () => {
    expect(refusalOf(() => options({ 'public-key': 'a.pub\n' }))).toMatchObject({ code: 'CAVRA-E217' });
  });
});
