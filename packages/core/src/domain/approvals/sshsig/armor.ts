import { Buffer } from 'node:buffer';
import { decodeBase64 } from '../../base64.ts';
import { MAX_SSH_SIGNATURE_BYTES } from '../../limits.ts';
import { SshSignatureError } from './error.ts';

const BEGIN = '-----BEGIN SSH SIGNATURE-----\n';
const END = '-----END SSH SIGNATURE-----\n';
const MAX_LINE = 76;

/**
 * The blob in the armor that `ssh-keygen -Y sign` writes. One blob has one armor of a given line length: what decodes alike but is
 * written otherwise is refused.
 *
 * @throws SshSignatureError unreadable
 */
export function removeArmor(bytes: Uint8Array): Buffer {
  if (bytes.byteLength > MAX_SSH_SIGNATURE_BYTES) {
    throw unreadable(`has ${bytes.byteLength} bytes, at most ${MAX_SSH_SIGNATURE_BYTES} are allowed`);
  }
  const text = Buffer.from(bytes).toString('latin1');
  if (text.includes('\r')) {
    throw unreadable('has CRLF line ends; keep Git from converting it (`*.sig -text` in .gitattributes)');
  }
  if (!text.startsWith(BEGIN) || !text.endsWith(END)) {
    throw unreadable('does not stand between the lines BEGIN SSH SIGNATURE and END SSH SIGNATURE');
  }
  const body = text.slice(BEGIN.length, -END.length);
  const width = body.indexOf('\n');
  const blob = decodeBase64(body.replaceAll('\n', ''));
  if (blob === undefined || width < 1 || width > MAX_LINE || wrap(blob, width) !== body) {
    throw unreadable('is not canonical base64 in lines of one length');
  }
  return blob;
}

function wrap(blob: Buffer, width: number): string {
  const base64 = blob.toString('base64');
  const lines = base64.match(new RegExp(`.{1,${width}}`, 'gu')) ?? [];
  return lines.map((line) => `${line}\n`).join('');
}

function unreadable(problem: string): SshSignatureError {
  return new SshSignatureError('unreadable', `the signature ${problem}`);
}
