// @ts-check
// What is measured, a section of the page each.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildBundles, bundles } from '../../scripts/build.mjs';
import { measureAppend } from './append.mjs';
import { ratio, spread } from './measure.mjs';
import { usageOf } from './resources.mjs';
import { importTypeScript } from './typescript.mjs';
import { measureVerify } from './verify.mjs';

/** @typedef {typeof import('../../packages/core/test/bench/parts.ts')} Parts */

/**
 * @typedef {object} Options
 * @property {number} pairs
 * @property {readonly number[]} records
 * @property {number} requests
 * @property {number} kills
 */

/**
 * @typedef {object} Bar a ratio for the chart
 * @property {string} label
 * @property {string} yardstick
 * @property {number} ratio
 */

/**
 * @typedef {object} Section
 * @property {string} title
 * @property {string} text what was measured, and against what
 * @property {readonly string[]} header
 * @property {readonly (readonly string[])[]} rows
 * @property {readonly Bar[]} bars
 */

const root = fileURLToPath(new URL('../..', import.meta.url));
const CLI = join(root, 'packages/cli/dist/cavra-release-governance.mjs');
const PARTS = '\nfunction __text(name)';

/** @type {Readonly<Record<'gate' | 'verify' | 'parts' | 'daemon' | 'audit' | 'size', (options: Options) => Promise<Section>>>} */
export const SECTIONS = { gate, verify, parts, daemon, audit, size };

/** @param {Options} options @returns {Promise<Section>} */
async function gate({ pairs }) {
  const nodes = [process.execPath, ...otherNode()];
  const rows = [];
  const bars = [];
  for (const node of nodes) {
    const { version, times } = await inNode(node, pairs);
    for (const { frontEnd, method, pairs: pairsOf } of times) {
      const ratios = spread(pairsOf.map(({ measured, yardstick }) => measured / yardstick));
      rows.push([
        frontEnd,
        method === 'hmac' ? 'HMAC' : 'OIDC',
        version,
        milliseconds(spread(pairsOf.map(({ measured }) => measured))),
        milliseconds(spread(pairsOf.map(({ yardstick }) => yardstick))),
        of(ratios),
      ]);
      if (node === process.execPath) {
        bars.push({ label: `${frontEnd}, ${method.toUpperCase()}`, yardstick: 'node -e 0', ratio: ratios.median });
      }
    }
  }
  const alone = timeAlone(pairs);
  rows.unshift([
    'the command line, nothing else in the environment',
    'HMAC',
    process.versions.node,
    milliseconds(alone.seconds),
    milliseconds(alone.yardstick),
    of(alone.ratio),
  ]);
  bars.unshift({ label: 'the command line alone, HMAC', yardstick: 'node -e 0', ratio: alone.ratio.median });
  return {
    title: 'The gate, from the start of its process to its end',
    text: 'Each front end runs the committed bundle as its platform starts it, on an approved request with the embedded daemon: authenticate, decide, record, verify, report, search for secrets. OIDC is with an issuer on the loopback interface: a token is asked for, the keys are fetched over TLS. The GitHub Action does not upload here. The yardstick is `node -e 0` with the same certificate authorities, which Node 20 reads at its start; the first row has none of them. About half of what the gate takes is Node itself: starting, loading its modules, compiling the program.',
    header: ['front end', 'proof', 'Node', 'ms', '`node -e 0`, ms', 'ratio'],
    rows,
    bars,
  };
}

/** @param {Options} options @returns {Promise<Section>} */
async function verify({ pairs, records }) {
  const rows = [];
  for (const length of records) {
    // A stream of twenty gigabytes is read from the disk, again and again.
    rows.push(...(await measureVerify({ records: [length], pairs: length > 1_000_000 ? 1 : pairs })));
  }
  return {
    title: 'Verification',
    text: '`verify` of one signed stream, strict: grammar, hashes, links, signatures, times, and the SHA-256 of the whole. The yardstick is `openssl dgst -sha256` of the same file. Peak memory is that of the whole process, threads included.',
    header: ['records', 'MB', 'seconds', 'yardstick, seconds', 'ratio', 'ns a record', 'MB/s', 'peak MiB'],
    rows: rows.map((row) => [
      row.records.toLocaleString('en'),
      (row.bytes / 1e6).toFixed(0),
      of(row.seconds),
      of(row.yardstickSeconds),
      of(row.ratio),
      row.nanosecondsPerRecord.median.toFixed(0),
      row.megabytesPerSecond.median.toFixed(0),
      mebibytes(row.peakBytes),
    ]),
    bars: rows
      .filter((row) => row.records >= 100_000)
      .map((row) => ({
        label: `verify ${row.records.toLocaleString('en')} records`,
        yardstick: row.yardstick,
        ratio: row.ratio.median,
      })),
  };
}

/** @param {Options} options @returns {Promise<Section>} */
async function parts({ pairs }) {
  const { timeTokens } = /** @type {Parts} */ (await importTypeScript('../../packages/core/test/bench/parts.ts'));
  /** @type {Awaited<ReturnType<Parts['timeTokens']>>[]} */
  const tokens = [];
  for (let round = 0; round < pairs; round += 1) tokens.push(await timeTokens(2_000));
  const appends = await measureAppend({ records: 2_000, pairs, atOnce: [1, 64] });
  const microseconds = (/** @type {'measured' | 'yardstick'} */ side) =>
    of(spread(tokens.map((time) => (time[side] / time.count) * 1e6)), 0);
  return {
    title: 'Tokens and appends',
    text: 'In one process. A token is parsed strictly, its signature and claims are checked and an identity is bound to it. An append is redacted, searched for secrets, sealed and durable before it is answered; those that wait at the same time are made durable together.',
    header: ['measured', 'yardstick', 'µs each', 'yardstick, µs each', 'ratio'],
    rows: [
      [
        'an RS256 token',
        'its RSA signature alone',
        microseconds('measured'),
        microseconds('yardstick'),
        of(spread(tokens.map(({ measured, yardstick }) => measured / yardstick))),
      ],
      ...appends.map(({ atOnce, microsecondsPerRecord, yardstickMicroseconds, ratio }) => [
        atOnce === 1 ? 'an append, one after the other' : `an append, ${atOnce} at once`,
        'one write and one `fdatasync` a record',
        of(microsecondsPerRecord, 0),
        of(yardstickMicroseconds, 0),
        of(ratio),
      ]),
    ],
    bars: [],
  };
}

/** @param {Options} options @returns {Promise<Section>} */
async function daemon({ requests, kills }) {
  const { soak, kills: killed } = JSON.parse(
    await output('test/bench/daemon.mjs', ['--json', '--requests', String(requests), '--kills', String(kills)]),
  );
  const load = (/** @type {Record<string, number>} */ side) => [
    `${side['p50_ms']?.toFixed(1)} ms`,
    `${side['p99_ms']?.toFixed(1)} ms`,
    Math.round(side['requests_per_second'] ?? 0).toLocaleString('en'),
  ];
  const memory = soak.resident_mib;
  return {
    title: 'The resident daemon',
    text: `${soak.requests.toLocaleString('en')} requests of ${soak.clients} clients at once, half proven by HMAC bound to the request and half by OIDC tokens, each on a connection of its own and durable before its answer; in turn with a plain echo over the same kind of socket, asked by the same clients. ${soak.acknowledged.toLocaleString('en')} were acknowledged and ${soak.lost} lost; resident memory went from ${memory[0]} to ${memory.at(-1)} MiB. Then the daemon was killed ${killed.kills} times under that load: ${killed.lost} of ${killed.acknowledged.toLocaleString('en')} acknowledged records were lost, every chain was valid, and ${killed.torn_lines_set_aside} torn lines were set aside.`,
    header: ['', 'p50', 'p99', 'requests a second'],
    rows: [
      ['daemon', ...load(soak.daemon)],
      ['echo', ...load(soak.echo)],
    ],
    bars: [],
  };
}

/** @param {Options} options @returns {Promise<Section>} */
async function audit({ pairs }) {
  const { writeFleet } = /** @type {typeof import('./fleet.ts')} */ (await importTypeScript('fleet.ts'));
  const rows = [];
  for (const runs of [100, 5_000]) {
    const { folder, environment } = writeFleet(runs);
    try {
      const command = { command: process.execPath, args: [CLI, 'audit', folder, '--format', 'jsonl'], environment };
      const usages = Array.from({ length: Math.ceil(pairs / 2) + 1 }, () => usageOf(command)).slice(1);
      const seconds = spread(usages.map((usage) => usage.seconds));
      rows.push([
        runs.toLocaleString('en'),
        of(seconds),
        ((seconds.median * 1e3) / runs).toFixed(2),
        Math.round(runs / seconds.median).toLocaleString('en'),
        mebibytes(Math.max(...usages.map(({ peakBytes }) => peakBytes ?? Number.NaN))),
      ]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return {
    title: 'Audit',
    text: '`audit` of evidence folders of one record each, on all cores.',
    header: ['folders', 'seconds', 'ms a folder', 'folders a second', 'peak MiB'],
    rows,
    bars: [],
  };
}

/** @returns {Promise<Section>} */
async function size() {
  const rows = [];
  const budgetOf = (/** @type {string} */ dist) => bundles.find((bundle) => bundle.dist === dist)?.kilobytes;
  for (const { dist, files, parts } of await buildBundles(root)) {
    for (const { path, bytes } of files) {
      const compiled = readFileSync(join(root, path), 'latin1').indexOf(PARTS);
      const own = [...parts.entries()].find(([name]) => path.endsWith(`/${name}`))?.[1];
      const later = [...(own ?? [])].filter(([name]) => name !== 'program');
      rows.push([
        `\`${path}\``,
        kibibytes(bytes),
        compiled < 0 ? 'loaded after the verdict' : kibibytes(compiled),
        compiled < 0 ? '' : `${budgetOf(dist)} KiB`,
        later.map(([name, length]) => `${name} ${kibibytes(length)}`).join(', '),
      ]);
    }
  }
  return {
    title: 'Bundles',
    text: 'What Node compiles when a program starts, and the parts that stand in its file as text and are compiled only by a run that needs them ([decision 7](decisions/0007-committed-bundles.md)). The build fails when a program compiles more than its budget.',
    header: ['file', 'size', 'compiled at the start', 'budget', 'parts'],
    rows,
    bars: [],
  };
}

/** The command line and Node with as little as they can have. @param {number} pairs */
function timeAlone(pairs) {
  const folder = mkdtempSync(join(tmpdir(), 'cavra-bench-'));
  const key = 'key-of-the-benchmark-0123456789abcdef0123456789abcdef';
  try {
    return ratio(
      {
        command: process.execPath,
        args: [CLI, 'gate', join(root, 'examples/approved-promotion.json')],
        environment: { CAVRA_RUNNER_AUTH_HMAC_KEY: key, CAVRA_DAEMON_EVIDENCE_HMAC_KEY: key },
        workingDirectory: folder,
        before: () => rmSync(join(folder, '.cavra'), { recursive: true, force: true }),
      },
      { command: process.execPath, args: ['-e', '0'] },
      pairs,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs the front ends under a Node. @param {string} node @param {number} pairs */
async function inNode(node, pairs) {
  const text = await output('test/bench/gate.mjs', ['--json', '--pairs', String(pairs)], node);
  return /** @type {{ version: string, times: readonly import('./front-ends.ts').FrontEndTimes[] }} */ (
    JSON.parse(text)
  );
}

/** The Node 24 that the tests bring. */
function otherNode() {
  const modules = join(root, 'test/node_modules');
  const found = readdirSync(modules)
    .filter((name) => name.startsWith('node24-'))
    .map((name) => join(modules, name, 'bin/node'));
  return found.filter((path) => statSync(path, { throwIfNoEntry: false }) !== undefined && runs(path));
}

/** @param {string} node */
function runs(node) {
  return spawnSync(node, ['-e', '0']).status === 0 && node !== process.execPath;
}

/** @param {string} script @param {readonly string[]} args @param {string} [node] @returns {Promise<string>} */
function output(script, args, node = process.execPath) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, [join(root, script), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    child.on('error', reject);
    child.on('close', (status) => (status === 0 ? resolve(text) : reject(new Error(`${script} ended with ${status}`))));
  });
}

/** @param {ReturnType<typeof spread>} spread @param {number} [digits] */
function of({ minimum, median, maximum }, digits = 2) {
  return `${median.toFixed(digits)} (${minimum.toFixed(digits)} to ${maximum.toFixed(digits)})`;
}

/** @param {ReturnType<typeof spread>} seconds */
function milliseconds({ minimum, median, maximum }) {
  return of({ minimum: minimum * 1e3, median: median * 1e3, maximum: maximum * 1e3 }, 0);
}

/** @param {number | undefined} bytes */
function mebibytes(bytes) {
  return bytes === undefined || Number.isNaN(bytes) ? 'unknown' : (bytes / 1024 / 1024).toFixed(0);
}

/** @param {number} bytes */
function kibibytes(bytes) {
  return `${Math.round(bytes / 1024)} KiB`;
}

/** The machine, as the page names it. */
export function machine() {
  const [first] = cpus();
  return `Node ${process.versions.node}, ${cpus().length} cores (${first?.model.trim() ?? 'unknown'})`;
}
