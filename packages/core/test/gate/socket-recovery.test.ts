import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openCheckpoint } from '../../src/domain/checkpoint/checkpoint.ts';
import { createGate } from '../../src/gate/create-gate.ts';
import { recoverEvidence } from '../../src/gate/recover.ts';
import { gateResult } from '../../src/gate/result/gate-result.ts';
import type { CreateGateOptions } from '../../src/gate/run/gate-options.ts';
import { systemClock, systemRandomBytes } from '../../src/io/system/system.ts';
import { readGateSettings } from '../../src/settings/gate-settings.ts';
import {
  APPROVED,
  type DaemonFiles,
  daemonFiles,
  linesOf,
  RUNNER_KEY,
  type RunningDaemon,
  startDaemon,
  streamsOf,
} from '../daemon/harness.ts';
import { rejectionOf } from '../support/refusal.ts';

const STREAM = 'release-governance-evidence.jsonl';
const CHECKPOINT = 'release-governance-checkpoint.sigstore.json';
const ENVIRONMENT = {
  GITHUB_ACTIONS: 'true',
  GITHUB_REPOSITORY: 'example-org/example-repo',
  GITHUB_RUN_ID: '9000000001',
  GITHUB_RUN_ATTEMPT: '1',
  GITHUB_EVENT_NAME: 'push',
  CAVRA_RUNNER_AUTH_HMAC_KEY: RUNNER_KEY.secret.toString(),
  CAVRA_RUNNER_AUTH_KEY_ID: RUNNER_KEY.id,
};

let files: DaemonFiles;
let daemon: RunningDaemon;
let workspace: string;
beforeEach(async () => {
  files = daemonFiles();
  addAttestationKey(files);
  daemon = await startDaemon(files);
  workspace = mkdtempSync(join(tmpdir(), 'cavra-recover-'));
  writeFileSync(join(workspace, 'request.json'), JSON.stringify(APPROVED));
  writeFileSync(join(workspace, 'daemon.pub'), files.publicKeyPem);
});
afterEach(async () => {
  await daemon.stop();
  files.remove();
  rmSync(workspace, { recursive: true, force: true });
});

function addAttestationKey({ folder }: DaemonFiles): void {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(join(folder, 'attest.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const path = join(folder, 'keyring.json');
  const keyring = JSON.parse(readFileSync(path, 'utf8'));
  keyring.keys.push({
    id: 'attest-1',
    purpose: 'attestation',
    algorithm: 'Ed25519',
    status: 'active',
    public_key: publicKey.export({ type: 'spki', format: 'pem' }),
    secret: { file: 'attest.pem' },
  });
  writeFileSync(path, JSON.stringify(keyring), { mode: 0o600 });
}

function options(environment: Readonly<Record<string, string>> = ENVIRONMENT): CreateGateOptions {
  const given: Readonly<Record<string, string>> = {
    request: 'request.json',
    'evidence-dir': 'evidence',
    socket: files.socket,
    'daemon-public-key': 'daemon.pub',
  };
  return {
    settings: readGateSettings(({ name }) => (given[name] ? { text: given[name], label: name } : undefined)),
    environment,
    workspace,
    now: systemClock,
    randomBytes: systemRandomBytes,
    version: '1.2.3',
  };
}

const evidence = () => join(workspace, 'evidence');
const gate = async () => gateResult(await createGate(options()).run());

/** What a gate leaves that was killed after the daemon had answered: its folder, and perhaps half of a copy. */
function loseCopy(): void {
  rmSync(evidence(), { recursive: true });
  mkdirSync(evidence(), { mode: 0o700 });
}

describe('evidence of a gate that was killed, and that a daemon has', () => {
  it('is taken from the daemon, verified, attested as FAILED, and ready to be published', async () => {
    expect(await gate()).toMatchObject({ verdict: 'pass' });
    loseCopy();
    writeFileSync(join(evidence(), STREAM), '{"half":');
    const outcome = await recoverEvidence(options());
    expect(outcome).toMatchObject({
      failure: { code: 'CAVRA-E507' },
      report: { valid: true, records: 1, signatures: 'checked', tail: 'sealed' },
      checkpoint: { result: 'FAILED', keyId: 'attest-1' },
      guard: { withheld: [] },
    });
    expect(outcome?.guard?.files.map(({ name }) => name)).toEqual(
      expect.arrayContaining([STREAM, CHECKPOINT, 'runner-auth-claims.json', 'release-governance-responses.jsonl']),
    );
    const [name = ''] = streamsOf(files);
    expect(readFileSync(join(evidence(), STREAM), 'utf8')).toBe(`${linesOf(files, name).join('\n')}\n`);
    expect(openCheckpoint(readFileSync(join(evidence(), CHECKPOINT)), []).statement).toMatchObject({
      result: 'FAILED',
      claims: { decision: 'allow' },
    });
    // What the killed gate had half written is beside it, and published by nobody.
    const aside = readdirSync(workspace).find((each) => each.startsWith('evidence.previous-')) ?? '';
    expect(readFileSync(join(workspace, aside, STREAM), 'utf8')).toBe('{"half":');
  });

  it('is nothing when the gate never asked', async () => {
    mkdirSync(evidence(), { mode: 0o700 });
    expect(await recoverEvidence(options())).toBeUndefined();
    expect(existsSync(join(evidence(), STREAM))).toBe(false);
    expect(streamsOf(files)).toEqual([]);
  });

  it('is nothing, and nobody is asked, when the gate had not even begun', async () => {
    expect(await recoverEvidence(options())).toBeUndefined();
  });

  it('is that of this run alone', async () => {
    await gate();
    loseCopy();
    expect(await recoverEvidence(options({ ...ENVIRONMENT, GITHUB_RUN_ID: '2' }))).toBeUndefined();
  });

  it('is not taken from another daemon than the pinned one', async () => {
    await gate();
    loseCopy();
    const { publicKey } = generateKeyPairSync('ed25519');
    writeFileSync(join(workspace, 'daemon.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    expect(await rejectionOf(recoverEvidence(options()))).toMatchObject({ code: 'CAVRA-E521' });
    expect(readdirSync(evidence())).toEqual([]);
  });

  it('is not asked for by a pull request that chooses the daemon', async () => {
    await gate();
    loseCopy();
    const environment = { ...ENVIRONMENT, GITHUB_EVENT_NAME: 'pull_request', GITHUB_REF: 'refs/pull/1/merge' };
    expect(await rejectionOf(recoverEvidence(options(environment)))).toMatchObject({ code: 'CAVRA-E212' });
  });

  it('is told to be out of reach when the daemon does not run', async () => {
    await gate();
    loseCopy();
    await daemon.stop();
    expect(await rejectionOf(recoverEvidence(options()))).toMatchObject({ code: 'CAVRA-E520' });
    daemon = await startDaemon(files);
  }, 20_000);
});
