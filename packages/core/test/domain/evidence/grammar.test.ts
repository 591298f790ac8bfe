import { describe, expect, it } from '@jest/globals';
import { RecordScanner } from '../../../src/domain/evidence/grammar.ts';
import { slotOf } from '../../../src/domain/evidence/slots.ts';
import { Chain } from '../../../src/domain/verification/chain.ts';
import { sealChain } from '../../support/streams.ts';

const [LINE = ''] = sealChain([{}]);

describe('RecordScanner', () => {
  it('keeps where each member stands', () => {
    const scanner = new RecordScanner();
    expect(scanner.scan(Buffer.from(LINE))).toBeUndefined();
    expect(scanner.json(slotOf('sequence'))).toBe('1');
    expect(scanner.text(slotOf('request.target'))).toBe('prod <a> & "b"');
    expect(scanner.text(slotOf('request.runner_auth.identity.run_id'))).toBe('9000000001');
    expect(scanner.json(slotOf('request.release_governance'))).toMatch(/^\{"approval_state".*:2\}$/);
    expect(scanner.has(slotOf('previous_hash'))).toBe(false);
    expect(scanner.text(slotOf('previous_hash'))).toBe('');
  });

  it('forgets the line before', () => {
    const scanner = new RecordScanner();
    scanner.scan(Buffer.from(LINE));
    expect(scanner.scan(Buffer.from('{}'))).toBeDefined();
    expect(scanner.has(slotOf('sequence'))).toBe(false);
  });

  it.each([
    ['', 'object_expected', '', 0],
    ['[]', 'object_expected', '', 0],
    ['{}', 'member_missing', 'schema_version', 1],
    [LINE.replace('"product"', '"Product"'), 'member_missing', 'product', LINE.indexOf('"product"')],
    [LINE.replace('"decision"', '"Decision"'), 'member_unexpected', '', LINE.indexOf('"decision"')],
    [LINE.replace('"session-1"', '""'), 'member_empty', 'request.session_id', LINE.indexOf('"session-1"')],
    [LINE.replace('"session-1"', '1'), 'value_not_canonical', 'request.session_id', LINE.indexOf('"session-1"')],
    [LINE.replace('session-1', 'sess\tion'), 'value_not_canonical', 'request.session_id', LINE.indexOf('ion-1')],
    [LINE.replace('"session-1"', '"a"x'), 'separator_expected', 'request.session_id', LINE.indexOf('"session-1"') + 3],
    [
      LINE.replace(/"request":\{.*\},"response"/, '"request":[],"response"'),
      'object_expected',
      'request',
      LINE.indexOf('"request"') + 10,
    ],
    [`${LINE} `, 'trailing_bytes', '', LINE.length],
    [LINE.slice(0, -1), 'separator_expected', 'signature', LINE.length - 1],
    [LINE.slice(0, 30), 'value_not_canonical', 'schema_version', 30],
  ])('%.40s: %s', (line, reason, member, offset) => {
    expect(new RecordScanner().scan(Buffer.from(line))).toEqual({ reason, member, offset });
  });

  it('has no slot for a member that records do not have', () => {
    expect(() => slotOf('request.approved')).toThrow('no member request.approved in an evidence record');
  });
});

describe('Chain', () => {
  it('takes any first record in the middle of a stream, and then only what follows', () => {
    const chain = new Chain('unknown');
    expect(chain.check(41, 'a')).toBeUndefined();
    chain.advance(41, 'b', 'b');
    expect(chain.check(42, 'b')).toBeUndefined();
    expect(chain.check(43, 'b')).toEqual({ expectedSequence: 42, linked: true });
    expect(chain.check(42, 'c')).toEqual({ expectedSequence: undefined, linked: false });
  });

  it('takes the first record of a stream only with number 1 and no link', () => {
    expect(new Chain('beginning').check(1, '')).toBeUndefined();
    expect(new Chain('beginning').check(1, 'a')).toEqual({ expectedSequence: undefined, linked: false });
    expect(new Chain('beginning').check(2, '')).toEqual({ expectedSequence: 1, linked: true });
  });
});
