import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FLEET_KEY, FLEET_KEY_ID, writeRun } from '../support/fleet.ts';

/** Writes the evidence of `runs` runs into a new folder, and says how to audit it. */
export function writeFleet(runs: number) {
  const folder = mkdtempSync(join(tmpdir(), 'cavra-bench-fleet-'));
  for (let run = 1; run <= runs; run += 1) {
    writeRun(join(folder, `team-${run % 20}`, `run-${run}`), {
      repository: `example-org/shop-${run % 50}`,
      runId: String(run),
    });
  }
  return {
    folder,
    environment: { CAVRA_DAEMON_EVIDENCE_HMAC_KEY: FLEET_KEY, CAVRA_DAEMON_EVIDENCE_KEY_ID: FLEET_KEY_ID },
  };
}
