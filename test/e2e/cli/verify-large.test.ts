import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EVIDENCE_KEY, EVIDENCE_KEY_ID, writeStream } from '../../bench/stream.mjs';
import { CLI_BUNDLE } from '../../support/cli.ts';
import { nodeBinaries } from '../../support/node-versions.ts';

/** More than are scanned before the lines' program is made. */
const RECORDS = 2_000;
/** Node without WebAssembly, where every line is scanned. */
const MODES = [
  ['with WebAssembly', []],
  ['without WebAssembly', ['--jitless']],
] as const;

let folder: string;
let stream: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cavra-verify-large-'));
  stream = join(folder, 'stream.jsonl');
  await writeStream(stream, RECORDS);
});
afterAll(() => rmSync(folder, { recursive: true }));

function verify(node: string, flags: readonly string[], path: string) {
  const { status, stdout, stderr } = spawnSync(node, [...flags, CLI_BUNDLE, 'verify', path, '--format', 'json'], {
    env: { CAVRA_DAEMON_EVIDENCE_HMAC_KEY: EVIDENCE_KEY, CAVRA_DAEMON_EVIDENCE_KEY_ID: EVIDENCE_KEY_ID },
    encoding: 'utf8',
  });
  // What V8 itself says of the flag.
  const said = stderr.replace(/^Warning: disabling flag .*\n/, '');
  return { status, stderr: said, report: JSON.parse(stdout) as Readonly<Record<string, unknown>> };
}

describe.each(nodeBinaries())('a stream of some length, on $name', ({ path: node }) => {
  it.each(MODES)('verifies %s', (_mode, flags) => {
    const { status, stderr, report } = verify(node, flags, stream);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(report).toMatchObject({ valid: true, records: RECORDS, signed_records: RECORDS, findings: [] });
  });

  it('has the same findings with and without WebAssembly', () => {
    const lines = readFileSync(stream, 'utf8').split('\n');
    // A changed value, a member twice, a space, and a line that is gone.
    lines[1_100] = (lines[1_100] ?? '').replace('"allow"', '"block"');
    lines[1_300] = (lines[1_300] ?? '').replace('"severity":"low"', '"severity":"low","severity":"low"');
    lines[1_500] = (lines[1_500] ?? '').replace('"request":', '"request": ');
    lines.splice(1_700, 1);
    const tampered = join(folder, 'tampered.jsonl');
    writeFileSync(tampered, lines.join('\n'));
    const [fast, scanned] = MODES.map(([, flags]) => verify(node, flags, tampered));
    expect(fast?.status).toBe(4);
    expect(scanned).toEqual(fast);
    const found = (fast?.report['findings'] ?? []) as readonly { readonly code: string; readonly line: number }[];
    expect(found.map(({ code, line }) => `${code} ${line}`)).toEqual([
      'record_hash_mismatch 1101',
      'non_canonical 1301',
      'non_canonical 1501',
      'sequence_mismatch 1701',
    ]);
  });
});
