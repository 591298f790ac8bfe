import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../src/domain/diagnosis.ts';
import { rotationNotes } from '../../src/keys/rotation.ts';
import { refusalOf } from '../support/refusal.ts';

const END = Date.UTC(2027, 0, 1);
const day = 86_400_000;
const KEYS = [{ id: 'ci-evidence-2026-q4' }, { id: 'ci-runner' }];

describe('key-rotation', () => {
  it('says nothing in time', () => {
    for (const mode of ['off', 'warn', 'enforce'] as const)
      expect(rotationNotes(mode, KEYS, END - 22 * day)).toEqual([]);
  });

  it('says beforehand from when on the gate will warn, or fail', () => {
    const [warning] = rotationNotes('warn', KEYS, END - 21 * day);
    expect(warning).toMatch(/ci-evidence-2026-q4 ends soon: from 2027-01-01T00:00:00Z on the gate will warn/);
    const [failure] = rotationNotes('enforce', KEYS, END - 1);
    expect(failure).toMatch(/from 2027-01-01T00:00:00Z on the gate will fail/);
  });

  it('warns past the quarter, and fails where that is enforced', () => {
    expect(rotationNotes('warn', KEYS, END)).toEqual([
      expect.stringMatching(/past its quarter, which ended at 2027-01-01T00/),
    ]);
    const refusal = refusalOf(() => rotationNotes('enforce', KEYS, END));
    expect(refusal).toBeInstanceOf(ConfigurationError);
    expect(refusal).toMatchObject({ code: 'CAVRA-E220', message: expect.stringMatching(/ci-evidence-2026-q4/) });
  });

  it('says when a period in the keyring ends', () => {
    const keys = [{ id: 'ci-runner', notAfter: END }];
    expect(rotationNotes('warn', keys, END - day)).toEqual([
      expect.stringMatching(/period of the key ci-runner ends soon: from 2027-01-01T00:00:00Z on the gate will fail/),
    ]);
    expect(rotationNotes('warn', keys, END - 22 * day)).toEqual([]);
  });

  it('can be switched off', () => {
    expect(rotationNotes('off', [...KEYS, { id: 'x', notAfter: END }], END + day)).toEqual([]);
  });
});
