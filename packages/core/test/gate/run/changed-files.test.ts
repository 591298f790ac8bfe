import { describe, expect, it } from '@jest/globals';
import { type GuardResult, withoutChanged } from '../../../src/gate/run/guard.ts';

const file = (name: string, sha256: string) => ({ name, path: `/e/${name}`, size: 1, sha256 });
const FOUND: GuardResult = { files: [file('a', '1'), file('b', '2'), file('c', '3')], withheld: [], ignored: [] };

describe('withoutChanged', () => {
  it('keeps what is as it was written, and what somebody else writes', () => {
    const written = new Map([
      ['a', '1'],
      ['b', '2'],
      ['gone', '9'],
    ]);
    expect(withoutChanged(FOUND, written)).toEqual({ ...FOUND, changed: [] });
  });

  it('publishes nothing that was exchanged, and names it', () => {
    const { files, ignored, changed } = withoutChanged(FOUND, new Map([['b', '7']]));
    expect(files.map(({ name }) => name)).toEqual(['a', 'c']);
    expect(ignored).toEqual([{ name: 'b', reason: 'was changed after the gate wrote it' }]);
    expect(changed).toEqual(['b']);
  });
});
