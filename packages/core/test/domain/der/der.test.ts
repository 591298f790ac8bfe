import { describe, expect, it } from '@jest/globals';
import {
  bitString,
  encode,
  generalizedTime,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  yes,
} from '../../../../../test/fakes/der.ts';
import { Der, DerError, TAG } from '../../../src/domain/der/der.ts';
import { refusalOf } from '../../support/refusal.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('reads what is DER', () => {
  it('elements in their order', () => {
    const elements = Der.read(sequence(integer(Buffer.from([7])), octetString(Buffer.from('ab')), set(yes))).elements();
    expect(elements.next(TAG.integer).count()).toBe(7);
    expect(elements.optional(TAG.utf8String)).toBeUndefined();
    expect(elements.next(TAG.octetString).content.toString()).toBe('ab');
    expect(elements.next(TAG.set).only(TAG.boolean).boolean()).toBe(true);
    expect(() => elements.end()).not.toThrow();
  });

  it.each(['1.2.840.113549.1.9.16.1.4', '2.16.840.1.101.3.4.2.1', '1.3.6.1.4.1.57264.1.23', '2.5.29.37', '2.999.3'])(
    'the object identifier %s',
    (oid) => {
      const der = oid === '2.999.3' ? hex('06 03 88 37 03') : objectIdentifier(oid);
      expect(Der.read(der).oid()).toBe(oid);
    },
  );

  it('times', () => {
    const time = Date.UTC(2026, 10, 27, 21, 18, 51);
    expect(Der.read(generalizedTime(time)).time()).toBe(time);
    const named = (tag: number, text: string) => Der.read(encode(tag, Buffer.from(text))).time();
    expect(named(0x18, '20261127211851.3745Z')).toBe(time + 374);
    expect(named(0x17, '261127211851Z')).toBe(time);
    expect(named(0x17, '991231235959Z')).toBe(Date.UTC(1999, 11, 31, 23, 59, 59));
  });

  it('long elements', () => {
    const long = octetString(Buffer.alloc(70_000, 1));
    expect(Der.read(long).content).toHaveLength(70_000);
    expect(Der.read(bitString(Buffer.from([1, 2]))).bits()).toEqual(Buffer.from([1, 2]));
  });
});

describe.each<[string, () => unknown]>([
  ['nothing', () => Der.read(hex(''))],
  ['a tag alone', () => Der.read(hex('30'))],
  ['a length that is cut', () => Der.read(hex('30 82 01'))],
  ['content that is cut', () => Der.read(hex('04 05 01 02'))],
  ['something behind it', () => Der.read(hex('05 00 00'))],
  ['an indefinite length', () => Der.read(hex('30 80 00 00'))],
  ['a length that could be shorter', () => Der.read(hex('04 81 02 01 02'))],
  ['a length with a zero before it', () => Der.read(hex(`04 82 00 90 ${'00'.repeat(0x90)}`))],
  ['a length of five bytes', () => Der.read(hex('04 85 00 00 00 00 01 00'))],
  ['a length of four gigabytes', () => Der.read(hex('04 84 ff ff ff ff 00'))],
  ['a tag of several bytes', () => Der.read(hex('1f 81 00 00'))],
  ['content that is no sequence', () => Der.read(hex('30 01 02')).elements()],
  ['another tag', () => Der.read(hex('02 01 05')).oid()],
  ['a primitive where elements should be', () => Der.read(hex('04 02 05 00')).elements()],
  ['an element too many', () => Der.read(hex('30 04 05 00 05 00')).only(0x05)],
  ['an element too few', () => Der.read(hex('30 00')).elements().any()],
  ['two elements in an octet string', () => Der.read(hex('04 04 05 00 05 00')).inside(0x05)],
  ['a negative count', () => Der.read(hex('02 01 80')).count()],
  ['a count with a zero before it', () => Der.read(hex('02 02 00 05')).count()],
  ['an empty count', () => Der.read(hex('02 00')).count()],
  ['a count beyond doubles', () => Der.read(hex('02 07 7f ff ff ff ff ff ff')).count()],
  ['a boolean of another value', () => Der.read(hex('01 01 01')).boolean()],
  ['a boolean of two bytes', () => Der.read(hex('01 02 ff ff')).boolean()],
  ['bits that are no bytes', () => Der.read(hex('03 02 01 fe')).bits()],
  ['an object identifier of nothing', () => Der.read(hex('06 00')).oid()],
  ['an object identifier that is cut', () => Der.read(hex('06 02 2a 86')).oid()],
  ['an object identifier with a zero before an arc', () => Der.read(hex('06 03 2a 80 01')).oid()],
  ['an object identifier that is too long', () => Der.read(hex(`06 41 2a ${'01'.repeat(64)}`)).oid()],
  ['a time of no month', () => Der.read(encode(0x18, Buffer.from('20261327211851Z'))).time()],
  ['a time of no day', () => Der.read(encode(0x18, Buffer.from('20260229211851Z'))).time()],
  ['a time with an offset', () => Der.read(encode(0x18, Buffer.from('20261127211851+0100'))).time()],
  ['a time without seconds', () => Der.read(encode(0x17, Buffer.from('2611272118Z'))).time()],
  ['a fraction that ends with a zero', () => Der.read(encode(0x18, Buffer.from('20261127211851.10Z'))).time()],
])('%s', (_, read) => {
  it('is refused with an error of its own', () => {
    expect(refusalOf(read)).toBeInstanceOf(DerError);
  });
});

it('is not followed deeper than its limit', () => {
  let nested: Buffer = hex('05 00');
  for (let depth = 0; depth < 10_000; depth += 1) nested = encode(0x30, nested);
  const descend = () => {
    for (let at = Der.read(nested); ; ) at = at.elements().any();
  };
  expect(refusalOf(descend)).toBeInstanceOf(DerError);
});
