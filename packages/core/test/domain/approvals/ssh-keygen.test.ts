import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NAMESPACE, SIGNER_TYPES, sshSign, sshSigner } from '../../../../../test/support/ssh-signer.ts';
import { parseSshPublicKey } from '../../../src/domain/approvals/sshsig/public-key.ts';
import { readSshSignature } from '../../../src/domain/approvals/sshsig/signature.ts';
import { verifySshSignature } from '../../../src/domain/approvals/sshsig/verify.ts';

/** The real ssh-keygen: what it signs, ours verifies; what a test signs in its format, it verifies. */

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ssh-keygen-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function sshKeygen(args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync('ssh-keygen', args, { cwd: folder, input, encoding: 'utf8' });
  return { status, text: `${stdout}${stderr}` };
}

describe('ssh-keygen', () => {
  it.each([
    ['ed25519', []],
    ['ecdsa', ['-b', '256']],
    ['ecdsa', ['-b', '384']],
    ['rsa', ['-b', '3072']],
  ])('signs with %s %j, and ours verifies', (type, bits) => {
    const name = `${type}${bits.join('')}`;
    expect(sshKeygen(['-q', '-t', type, ...bits, '-N', '', '-C', 'ann@laptop', '-f', name])).toMatchObject({
      status: 0,
    });
    const message = Buffer.from(`signed with ${name}\n`);
    for (const hash of ['sha256', 'sha512']) {
      writeFileSync(join(folder, 'message'), message);
      rmSync(join(folder, 'message.sig'), { force: true });
      const signed = sshKeygen(['-Y', 'sign', '-n', NAMESPACE, '-O', `hashalg=${hash}`, '-f', name, 'message']);
      expect(signed).toMatchObject({ status: 0 });
      const signature = readSshSignature(readFileSync(join(folder, 'message.sig')));
      const key = parseSshPublicKey(readFileSync(join(folder, `${name}.pub`), 'utf8').trim());
      expect(signature).toMatchObject({ hash, namespace: NAMESPACE, authenticator: null });
      expect(signature.publicKey.blob).toEqual(key.blob);
      expect(() => verifySshSignature(signature, message, NAMESPACE)).not.toThrow();
    }
  });

  it.each(SIGNER_TYPES)('verifies what a test signs with %s', (type) => {
    const signer = sshSigner(type);
    writeFileSync(join(folder, 'allowed'), `ann namespaces="${NAMESPACE}" ${signer.publicKey}\n`);
    writeFileSync(join(folder, 'made.sig'), sshSign(signer, 'made by a test\n'));
    const args = ['-Y', 'verify', '-f', 'allowed', '-I', 'ann', '-n', NAMESPACE, '-s', 'made.sig'];
    expect(sshKeygen(args, 'made by a test\n')).toMatchObject({ status: 0 });
    expect(sshKeygen(args, 'made by another\n').status).not.toBe(0);
  });

  it('verifies what a browser signs', () => {
    const signer = sshSigner('sk-ecdsa-sha2-nistp256@openssh.com', 'example.com');
    writeFileSync(join(folder, 'allowed'), `ann ${signer.publicKey}\n`);
    writeFileSync(join(folder, 'made.sig'), sshSign(signer, 'made by a test\n', { origin: 'https://example.com' }));
    const args = ['-Y', 'verify', '-f', 'allowed', '-I', 'ann', '-n', NAMESPACE, '-s', 'made.sig'];
    expect(sshKeygen(args, 'made by a test\n')).toMatchObject({ status: 0 });
  });

  it('signs by a certificate, which ours refuses', () => {
    sshKeygen(['-q', '-t', 'ed25519', '-N', '', '-f', 'authority']);
    sshKeygen(['-q', '-t', 'ed25519', '-N', '', '-f', 'person']);
    expect(sshKeygen(['-q', '-s', 'authority', '-I', 'ann', '-n', 'ann', 'person.pub'])).toMatchObject({ status: 0 });
    writeFileSync(join(folder, 'certified'), 'signed by a certificate\n');
    expect(sshKeygen(['-Y', 'sign', '-n', NAMESPACE, '-f', 'person-cert.pub', 'certified'])).toMatchObject({
      status: 0,
    });
    expect(() => readSshSignature(readFileSync(join(folder, 'certified.sig')))).toThrow(
      expect.objectContaining({ code: 'certificate' }),
    );
    expect(() => parseSshPublicKey(readFileSync(join(folder, 'person-cert.pub'), 'utf8').trim())).toThrow(
      expect.objectContaining({ code: 'certificate' }),
    );
  });
});
