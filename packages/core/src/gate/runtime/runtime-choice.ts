import type { KeyObject } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { ConfigurationError } from '../../domain/diagnosis.ts';
import type { CreateGateOptions } from '../run/gate-options.ts';

/** Who answers this run's requests (design.md section 2, step 4). */
export type RuntimeChoice =
  /** The request handler in this process. */
  | { readonly kind: 'embedded' }
  /** A resident daemon that signs its answers with one of these keys. */
  | { readonly kind: 'daemon'; readonly socket: string; readonly publicKeys: readonly KeyObject[] }
  /** A daemon that knows only the plain protocol: what it answers is believed by its evidence. */
  | { readonly kind: 'plain-daemon'; readonly socket: string; readonly evidenceLog: string }
  /** A program that this run starts and stops. */
  | { readonly kind: 'external' };

/**
 * Chooses the runtime by the settings.
 *
 * @throws ConfigurationError CAVRA-E232 an external runtime without a pin; CAVRA-E234 a socket of which it is not known whom to believe;
 *   CAVRA-E223 the daemon's public key
 */
export async function chooseRuntime(options: CreateGateOptions): Promise<RuntimeChoice> {
  const { settings } = options;
  if (settings.socket !== undefined) return chooseDaemon(options, settings.socket);
  if (settings.runtime === 'embedded' && settings.runtimePackage === undefined) return { kind: 'embedded' };
  if (settings.runtimeSha256 === undefined && settings.runtimePackage === undefined) {
    throw new ConfigurationError(
      'CAVRA-E232',
      'runtime (CAVRA_RUNTIME_PATH) names a program that nothing pins, so it is not run',
    );
  }
  return { kind: 'external' };
}

async function chooseDaemon({ settings, environment, workspace }: CreateGateOptions, configured: string) {
  const { resolveSocketPath } = await import('../../io/socket/socket-path.ts');
  const socket = resolveSocketPath(workspace, configured);
  if (settings.daemonPublicKey !== undefined) {
    const { readPublicKeyFile } = await import('../../io/files/public-key-file.ts');
    const path = resolve(workspace, settings.daemonPublicKey);
    return { kind: 'daemon' as const, socket, publicKeys: await readPublicKeyFile(path, settings.daemonPublicKey) };
  }
  const log = environment['CAVRA_RUNTIME_EVIDENCE_LOG'];
  if (!environment['CAVRA_DAEMON_EVIDENCE_HMAC_KEY'] || !log) {
    throw new ConfigurationError(
      'CAVRA-E234',
      'socket is set without daemon-public-key; a daemon that signs no answers is believed only by its evidence, for which CAVRA_RUNTIME_EVIDENCE_LOG and CAVRA_DAEMON_EVIDENCE_HMAC_KEY are needed',
    );
  }
  const evidenceLog = resolve(workspace, log);
  if (dirname(evidenceLog) === resolve(workspace, settings.evidenceDir)) {
    const message = 'CAVRA_RUNTIME_EVIDENCE_LOG must be outside of the evidence folder, which gets a copy of it';
    throw new ConfigurationError('CAVRA-E201', message);
  }
  return { kind: 'plain-daemon' as const, socket, evidenceLog };
}
