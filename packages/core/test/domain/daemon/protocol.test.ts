import { describe, expect, it } from '@jest/globals';
import {
  controlMac,
  controlMacMatches,
  encodeOperation,
  parseDaemonLine,
} from '../../../src/domain/daemon/protocol.ts';
import { streamNameOf } from '../../../src/domain/daemon/stream-name.ts';
import type { AuthenticatedRunner } from '../../../src/domain/trust/trust-decision.ts';

const NONCE = '0123456789abcdef0123456789abcdef';

describe('operations', () => {
  it.each([
    { operation: 'hello' as const, nonce: NONCE },
    {
      operation: 'evaluate' as const,
      nonce: NONCE,
      request: { target: 'prod <&>', release_governance: { blocked_count: 9007199254740993n } },
    },
    {
      operation: 'evidence' as const,
      nonce: NONCE,
      checkpoint: 'passed' as const,
      auth: { identity: { provider: 'local' }, algorithm: 'x', key_id: 'k', signature: 's' },
    },
    { operation: 'stop' as const, nonce: NONCE, instance: NONCE, mac: NONCE.repeat(2) },
  ])('$operation is read as it was written', (operation) => {
    const line = encodeOperation(operation);
    expect(line.endsWith('}\n')).toBe(true);
    expect(parseDaemonLine(Buffer.from(line.slice(0, -1)))).toEqual({ form: 'operation', operation });
  });

  it('prove the right to them for one instance, one operation and one nonce', () => {
    const secret = Buffer.alloc(32, 1);
    const asked = { operation: 'stop' as const, nonce: NONCE, instance: NONCE };
    const operation = { ...asked, mac: controlMac(secret, asked) };
    expect(controlMacMatches(secret, operation)).toBe(true);
    expect(controlMacMatches(Buffer.alloc(32, 2), operation)).toBe(false);
    const other = NONCE.replace('0', '1');
    for (const change of [{ operation: 'status' as const }, { nonce: other }, { instance: other }, { mac: '' }]) {
      expect(controlMacMatches(secret, { ...operation, ...change })).toBe(false);
    }
  });
});

describe('the name of a stream', () => {
  const runner: AuthenticatedRunner = {
    method: 'hmac',
    identity: { provider: 'github-actions', repository: 'o/r', run_id: '1', run_attempt: '1', job: 'gate' },
    keyId: 'k',
    verified: ['provider', 'repository', 'run_id', 'run_attempt', 'job'],
    unverified: [],
    notes: [],
  };
  const name = streamNameOf(runner, 'HMAC-SHA256-REQUEST');

  it('is the same for the same run', () => {
    expect(streamNameOf({ ...runner, notes: ['x'] }, 'HMAC-SHA256-REQUEST')).toBe(name);
  });

  it('is another for every other run, proof and party', () => {
    const oidc: AuthenticatedRunner = { ...runner, method: 'oidc', claims: { iss: 'https://a.example' } };
    const names = [
      name,
      streamNameOf(runner, 'HMAC-SHA256'),
      streamNameOf({ ...runner, keyId: 'l' }, 'HMAC-SHA256-REQUEST'),
      ...(['repository', 'run_id', 'run_attempt', 'job', 'actor'] as const).map((field) =>
        streamNameOf({ ...runner, identity: { ...runner.identity, [field]: 'x' } }, 'HMAC-SHA256-REQUEST'),
      ),
      // What is only claimed never reaches the stream of what was proven.
      streamNameOf({ ...runner, verified: ['provider', 'repository'], unverified: ['run_id'] }, 'HMAC-SHA256-REQUEST'),
      streamNameOf(oidc, 'OIDC-JWT'),
      streamNameOf({ ...oidc, claims: { iss: 'https://b.example' } }, 'OIDC-JWT'),
    ];
    expect(new Set(names).size).toBe(names.length);
  });

  it('stays with the issuer while its keys rotate', () => {
    const oidc: AuthenticatedRunner = { ...runner, method: 'oidc', claims: { iss: 'https://a.example' } };
    expect(streamNameOf(oidc, 'OIDC-JWT')).toBe(streamNameOf({ ...oidc, keyId: 'rotated' }, 'OIDC-JWT'));
  });

  it.each(['../../etc', '/etc/passwd', 'a\0b', 'x'.repeat(5_000), 'ünïcödé', '..', 'CON'])(
    'is a plain name for %j',
    (repository) => {
      const made = streamNameOf({ ...runner, identity: { ...runner.identity, repository } }, 'HMAC-SHA256-REQUEST');
      expect(made).toMatch(/^[A-Za-z0-9-]{1,40}\.[A-Za-z0-9-]{1,40}\.[A-Za-z0-9-]{1,40}\.[0-9a-f]{32}$/);
    },
  );
});
