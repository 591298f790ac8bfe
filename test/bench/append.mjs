// @ts-check
// Measures appending to an evidence stream, each record durable before it is acknowledged, against writing and syncing the same bytes.
//
//   node test/bench/append.mjs [--records N] [--pairs N] [--json]
import { randomBytes } from 'node:crypto';
import { fdatasyncSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { spread } from './measure.mjs';
import { EVIDENCE_KEY, EVIDENCE_KEY_ID } from './stream.mjs';
import { importTypeScript } from './typescript.mjs';

/** @typedef {ReturnType<typeof spread>} Spread */

/**
 * What appending takes.
 *
 * @typedef {object} AppendRow
 * @property {number} atOnce appends that wait at the same time
 * @property {number} records
 * @property {number} bytesPerRecord
 * @property {number} pairs
 * @property {Spread} microsecondsPerRecord
 * @property {Spread} yardstickMicroseconds of a write with its sync, one for each record
 * @property {Spread} ratio of both, per record
 */

/** @typedef {typeof import('../../packages/core/test/bench/parts.ts')} Parts */

/** Requests and responses as a gate has them. */
const REQUEST = {
  session_id: 'bench-1',
  agent_id: 'release-agent',
  actor: 'rel.mgr@example.org',
  action_type: 'release_governance_record',
  target: 'prod',
  requested_operation: 'verify',
  policy_pack: 'cavra-ai-agent-baseline',
  release_governance: {
    metadata_kind: 'rollout-promotion-execution',
    release_channel: 'stable',
    release_version: 'v1.2.3',
    approval_state: 'approved',
    approval_id: 'apr_1',
    evidence_refs: ['evidence://release/1'],
  },
};
const RESPONSE = /** @type {const} */ ({
  decision_id: 'dec_1',
  rule_id: 'release_governance.approval.approved',
  decision: 'allow',
  severity: 'low',
  reason: 'rollout-promotion-execution is backed by an approved release governance approval.',
});

/**
 * @param {object} options
 * @param {number} options.records
 * @param {number} options.pairs
 * @param {readonly number[]} [options.atOnce]
 * @returns {Promise<AppendRow[]>}
 */
export async function measureAppend({ records, pairs, atOnce = [1, 128] }) {
  const folder = mkdtempSync(join(tmpdir(), 'cavra-append-'));
  try {
    const parts = /** @type {Parts} */ (await importTypeScript('../../packages/core/test/bench/parts.ts'));
    const rows = [];
    for (const width of atOnce) rows.push(await measureWidth(parts, folder, { records, pairs, width }));
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {Parts} parts @param {string} folder @param {{ records: number, pairs: number, width: number }} options */
async function measureWidth(parts, folder, { records, pairs, width }) {
  const runs = [];
  let bytesPerRecord = 0;
  for (let pair = 0; pair <= pairs; pair += 1) {
    const own = join(folder, `${width}-${pair}`);
    mkdirSync(own, { mode: 0o700 });
    const append = await appendAll(parts, own, records, width);
    const stream = readFileSync(join(own, 'release-governance-evidence.jsonl'));
    bytesPerRecord = Math.round(stream.length / records);
    const write = writeAll(join(own, 'yardstick'), stream.subarray(0, bytesPerRecord), records);
    // The first pair warms up.
    if (pair > 0) runs.push({ append, write });
    rmSync(own, { recursive: true });
  }
  return {
    atOnce: width,
    records,
    bytesPerRecord,
    pairs,
    microsecondsPerRecord: spread(runs.map(({ append }) => append)),
    yardstickMicroseconds: spread(runs.map(({ write }) => write)),
    ratio: spread(runs.map(({ append, write }) => append / write)),
  };
}

/** @param {Parts} parts @param {string} folder @param {number} records @param {number} width @returns {Promise<number>} microseconds a record */
async function appendAll(parts, folder, records, width) {
  const recorder = await parts.openEvidenceRecorder({
    folder,
    signingKey: { id: EVIDENCE_KEY_ID, secret: Buffer.from(EVIDENCE_KEY) },
    clock: parts.systemClock,
    randomBytes: (/** @type {number} */ length) => randomBytes(length),
    searcher: parts.createSecretSearcher([{ name: 'KEY', value: EVIDENCE_KEY }]),
  });
  const start = process.hrtime.bigint();
  for (let done = 0; done < records; done += width) {
    const count = Math.min(width, records - done);
    await Promise.all(Array.from({ length: count }, () => recorder.append(REQUEST, RESPONSE)));
  }
  const microseconds = Number(process.hrtime.bigint() - start) / 1e3;
  await recorder.close();
  return microseconds / records;
}

/** @param {string} path @param {Uint8Array} bytes @param {number} times @returns {number} microseconds a time */
function writeAll(path, bytes, times) {
  const file = openSync(path, 'wx');
  const start = process.hrtime.bigint();
  for (let time = 0; time < times; time += 1) {
    writeSync(file, bytes);
    fdatasyncSync(file);
  }
  return Number(process.hrtime.bigint() - start) / 1e3 / times;
}

/** @param {readonly AppendRow[]} rows */
function table(rows) {
  const cell = (/** @type {Spread} */ of) =>
    `${of.median.toFixed(1)} (${of.minimum.toFixed(1)} to ${of.maximum.toFixed(1)})`;
  return [
    '| appends at once | bytes a record | microseconds a record | write and fdatasync | ratio |',
    '| ---: | ---: | --- | --- | --- |',
    ...rows.map(
      (row) =>
        `| ${row.atOnce} | ${row.bytesPerRecord} | ${cell(row.microsecondsPerRecord)} | ${cell(row.yardstickMicroseconds)} | ${cell(row.ratio)} |`,
    ),
  ].join('\n');
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      records: { type: 'string', default: '2000' },
      pairs: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
    },
  });
  const rows = await measureAppend({ records: Number(values.records), pairs: Number(values.pairs) });
  console.log(
    values.json
      ? JSON.stringify({ node: process.versions.node, rows }, undefined, 2)
      : `Node ${process.versions.node}; median (minimum to maximum)\n\n${table(rows)}`,
  );
}
