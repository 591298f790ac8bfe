// @ts-check
// Measures `verify` of signed streams of several lengths against `openssl dgst -sha256` of the same file, pair by pair.
//
//   node test/bench/verify.mjs [--records 1000,100000,1000000] [--pairs N] [--json]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { spread } from './measure.mjs';
import { usageOf } from './resources.mjs';
import { BYTES_PER_RECORD, EVIDENCE_KEY, EVIDENCE_KEY_ID, writeStream } from './stream.mjs';

/** @typedef {ReturnType<typeof spread>} Spread */

/**
 * What verifying one stream takes.
 *
 * @typedef {object} VerifyRow
 * @property {number} records
 * @property {number} bytes
 * @property {number} pairs
 * @property {Spread} seconds
 * @property {Spread} nanosecondsPerRecord
 * @property {Spread} megabytesPerSecond
 * @property {Spread | undefined} cpuSeconds of all threads
 * @property {number | undefined} peakBytes resident, of the whole process: the most of all runs
 * @property {string} yardstick
 * @property {Spread} yardstickSeconds
 * @property {Spread | undefined} yardstickCpuSeconds
 * @property {Spread} ratio
 */

const CLI = fileURLToPath(new URL('../../packages/cli/dist/cavra-release-governance.mjs', import.meta.url));

/**
 * @param {object} options
 * @param {readonly number[]} options.records lengths of the streams, which are made and removed one after the other
 * @param {number} options.pairs
 * @param {string} [options.folder] for the streams
 * @param {string} [options.cli]
 * @returns {Promise<VerifyRow[]>}
 */
export async function measureVerify({ records, pairs, folder = tmpdir(), cli = CLI }) {
  const rows = [];
  for (const length of records) {
    const own = mkdtempSync(join(folder, 'cavra-bench-'));
    try {
      requireSpace(own, length);
      const stream = join(own, 'stream.jsonl');
      await writeStream(stream, length);
      rows.push(measureStream(stream, length, pairs, cli));
    } finally {
      rmSync(own, { recursive: true, force: true });
    }
  }
  return rows;
}

/**
 * @param {string} stream @param {number} records @param {number} pairs @param {string} [cli]
 * @returns {VerifyRow}
 */
export function measureStream(stream, records, pairs, cli = CLI) {
  const bytes = statSync(stream).size;
  const measured = {
    command: process.execPath,
    args: [cli, 'verify', stream],
    environment: { CAVRA_DAEMON_EVIDENCE_HMAC_KEY: EVIDENCE_KEY, CAVRA_DAEMON_EVIDENCE_KEY_ID: EVIDENCE_KEY_ID },
  };
  const yardstick = digestCommand(stream);
  // The first run of each brings the file and the programs into memory.
  usageOf(yardstick);
  usageOf(measured);
  const runs = Array.from({ length: pairs }, () => ({ verify: usageOf(measured), digest: usageOf(yardstick) }));
  const verify = runs.map((run) => run.verify);
  const digest = runs.map((run) => run.digest);
  return {
    records,
    bytes,
    pairs,
    seconds: spread(verify.map(({ seconds }) => seconds)),
    nanosecondsPerRecord: spread(verify.map(({ seconds }) => (seconds * 1e9) / records)),
    megabytesPerSecond: spread(verify.map(({ seconds }) => bytes / 1e6 / seconds)),
    cpuSeconds: known(verify.map(({ cpuSeconds }) => cpuSeconds)),
    peakBytes: known(verify.map(({ peakBytes }) => peakBytes))?.maximum,
    yardstick: `${yardstick.command} ${yardstick.args.slice(0, -1).join(' ')}`.trim(),
    yardstickSeconds: spread(digest.map(({ seconds }) => seconds)),
    yardstickCpuSeconds: known(digest.map(({ cpuSeconds }) => cpuSeconds)),
    ratio: spread(runs.map((run) => run.verify.seconds / run.digest.seconds)),
  };
}

/** @param {readonly (number | undefined)[]} values */
function known(values) {
  const numbers = values.filter((value) => value !== undefined);
  return numbers.length === values.length ? spread(numbers) : undefined;
}

/** @param {string} path */
function digestCommand(path) {
  return spawnSync('openssl', ['version']).status === 0
    ? { command: 'openssl', args: ['dgst', '-sha256', path] }
    : { command: 'sha256sum', args: [path] };
}

/** @param {string} folder @param {number} records */
function requireSpace(folder, records) {
  const { bavail, bsize } = statfsSync(folder);
  const needed = records * BYTES_PER_RECORD;
  if (needed > bavail * bsize) {
    throw new Error(`${records} records take ${Math.ceil(needed / 1e9)} GB, and ${folder} has no room for them`);
  }
}

/** @param {readonly VerifyRow[]} rows */
function table(rows) {
  const cell = (/** @type {Spread | undefined} */ of, digits = 2) =>
    of === undefined
      ? 'unknown'
      : `${of.median.toFixed(digits)} (${of.minimum.toFixed(digits)} to ${of.maximum.toFixed(digits)})`;
  return [
    '| records | MB | seconds | digest, seconds | ratio | ns a record | MB/s | processor seconds | peak MiB |',
    '| ---: | ---: | --- | --- | --- | --- | --- | --- | ---: |',
    ...rows.map((row) => {
      const peak = row.peakBytes === undefined ? 'unknown' : (row.peakBytes / 1024 / 1024).toFixed(0);
      const cells = [
        row.records.toLocaleString('en'),
        (row.bytes / 1e6).toFixed(0),
        cell(row.seconds),
        cell(row.yardstickSeconds),
        cell(row.ratio),
        cell(row.nanosecondsPerRecord, 0),
        cell(row.megabytesPerSecond, 0),
        cell(row.cpuSeconds),
        peak,
      ];
      return `| ${cells.join(' | ')} |`;
    }),
  ].join('\n');
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      records: { type: 'string', default: '1000,100000,1000000' },
      pairs: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
    },
  });
  const rows = await measureVerify({ records: values.records.split(',').map(Number), pairs: Number(values.pairs) });
  if (values.json) {
    console.log(JSON.stringify({ node: process.versions.node, cores: cpus().length, rows }, undefined, 2));
  } else {
    console.log(`Node ${process.versions.node}, ${cpus().length} cores; median (minimum to maximum)\n\n${table(rows)}`);
  }
}
