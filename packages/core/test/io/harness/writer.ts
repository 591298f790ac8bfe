import { writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CavraError } from '../../../src/domain/diagnosis.ts';
import { createSecretSearcher } from '../../../src/domain/secrets/searcher.ts';
import { openEvidenceFolder } from '../../../src/io/evidence/evidence-folder.ts';
import { openEvidenceRecorder } from '../../../src/io/stream/evidence-recorder.ts';
import { systemClock, systemRandomBytes, systemSleep } from '../../../src/io/system/system.ts';

/**
 * Appends records and prints `ack <sequence> <record_hash>` for each one that was acknowledged, `error <code> <message>` for each that
 * was not, and `open <records> <notes>` when it begins.
 */
const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: '' },
    /** When given, the folder is opened in it first. */
    workspace: { type: 'string' },
    key: { type: 'string', default: '' },
    /** Appends that are made at the same time, again and again. */
    width: { type: 'string', default: '1' },
    /** How often; 0: for ever. */
    rounds: { type: 'string', default: '0' },
    /** Bytes of padding in each request. */
    padding: { type: 'string', default: '0' },
    'lock-wait': { type: 'string', default: '3000' },
  },
});

function print(line: string): void {
  writeSync(1, `${line}\n`);
}

function printError(error: unknown): void {
  print(error instanceof CavraError ? `error ${error.code} ${error.message}` : `crash ${String(error)}`);
}

try {
  const { folder, workspace } = values;
  const recorder = await openEvidenceRecorder({
    folder: workspace === undefined ? folder : (await openEvidenceFolder(folder, { workspace })).path,
    signingKey: { id: 'key-1', secret: Buffer.from(values.key) },
    clock: systemClock,
    randomBytes: systemRandomBytes,
    searcher: createSecretSearcher([{ name: 'KEY', value: values.key }]),
    lockWaitMs: Number(values['lock-wait']),
  });
  print(`open ${recorder.records} ${JSON.stringify(recorder.notes)}`);
  const request = { target: 'release', requested_operation: 'x'.repeat(Number(values.padding)) };
  for (let round = 0; values.rounds === '0' || round < Number(values.rounds); round += 1) {
    const appends = Array.from({ length: Number(values.width) }, () => recorder.append(request, { decision: 'allow' }));
    const results = await Promise.allSettled(appends);
    for (const result of results) {
      if (result.status === 'fulfilled') {
        print(`ack ${result.value.sequence} ${result.value.record_hash}`);
      } else {
        printError(result.reason);
      }
    }
    if (results.some(({ status }) => status === 'rejected')) {
      await systemSleep(20);
    }
  }
  await recorder.close();
  print('closed');
} catch (error) {
  printError(error);
  process.exitCode = 5;
}
