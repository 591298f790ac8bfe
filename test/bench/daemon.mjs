// @ts-check
// Loads a resident daemon with authenticated requests of many clients, and kills one under load again and again.
//
//   node test/bench/daemon.mjs [--requests N] [--clients N] [--kills N] [--rounds N] [--runs N] [--json] [--keep] [--cpu-prof DIR]
import { createHash, createHmac } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ask, exchange, recordIdIn, requestLine } from './daemon-load.mjs';
import { EVIDENCE_KEY, spawnDaemon, spawnEcho, startIssuer, temporaryFolder, writeSite } from './daemon-site.mjs';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    clients: { type: 'string', default: '64' },
    kills: { type: 'string', default: '50' },
    rounds: { type: 'string', default: '10' },
    runs: { type: 'string' },
    json: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    'cpu-prof': { type: 'string' },
  },
});
const count = (/** @type {'requests' | 'clients' | 'kills' | 'rounds' | 'runs'} */ name) => {
  const text = values[name] ?? '';
  if (!/^[0-9]{1,9}$/.test(text)) throw new Error(`--${name} is a whole number`);
  return Number(text);
};
const runsOfSoak = values.runs === undefined ? undefined : count('runs');
const [requests, clients, kills, rounds] = [count('requests'), count('clients'), count('kills'), count('rounds')];

/** Requests of one run, after which a client is the job of another one. */
const REQUESTS_OF_A_RUN = 100;
/** Runs among which the clients of a daemon that is killed are divided. */
const KILLED_RUNS = 16;
/** Proofs that are shown again to the daemon after the one that was killed. */
const SHOWN_AGAIN = 4;

const folder = temporaryFolder();
const issuer = await startIssuer(folder);
try {
  const soaked = requests > 0 ? await soak(requests, clients, rounds) : undefined;
  const killed = kills > 0 ? await killAgainAndAgain(kills, clients) : undefined;
  const result = { node: process.versions.node, cores: cpus().length, soak: soaked, kills: killed };
  console.log(values.json ? JSON.stringify(result, undefined, 2) : markdown(result));
} finally {
  issuer.close();
  if (values.keep) console.error(`kept: ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
}

/** @param {number} total @param {number} clientCount @param {number} roundCount */
async function soak(total, clientCount, roundCount) {
  const site = writeSite(folder, issuer);
  const profile = values['cpu-prof'];
  const daemon = await spawnDaemon(
    site,
    issuer,
    profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profile],
  );
  const echoSocket = join(site.folder, 'run', 'echo.sock');
  const echo = await spawnEcho(echoSocket);
  /** @type {Set<string>} */
  const acknowledged = new Set();
  const ours = { latencies: /** @type {number[]} */ ([]), seconds: 0, worked: 0 };
  const theirs = { latencies: /** @type {number[]} */ ([]), seconds: 0, worked: 0 };
  /** @type {string[]} */
  const unanswered = [];
  const memory = [];
  let asked = 0;

  const round = async (/** @type {number} */ count, /** @type {boolean} */ counts) => {
    const lines = linesOf(count, clientCount, asked, runsOfSoak);
    asked += count;
    const worked = processorSeconds(daemon.pid);
    const seconds = await ask(site.socket, lines, (answer, milliseconds) => {
      const id = recordIdIn(answer);
      if (id === undefined) unanswered.push(answer.slice(0, 200));
      else acknowledged.add(id);
      if (counts) ours.latencies.push(milliseconds);
      return true;
    });
    if (!counts) return;
    ours.seconds += seconds;
    ours.worked += processorSeconds(daemon.pid) - worked;
    const echoed = processorSeconds(echo.pid);
    theirs.seconds += await ask(echoSocket, lines, (answer, milliseconds) => {
      theirs.latencies.push(milliseconds);
      return answer !== '';
    });
    theirs.worked += processorSeconds(echo.pid) - echoed;
  };
  // Not measured: both programs compile what they need.
  const warmUp = Math.min(2_000, Math.ceil(total / 10));
  await round(warmUp, false);
  memory.push(residentBytes(daemon.pid));
  for (let number = 1; number <= roundCount; number += 1) {
    const upTo = (/** @type {number} */ n) => Math.round(((total - warmUp) * n) / roundCount);
    await round(upTo(number) - upTo(number - 1), true);
    memory.push(residentBytes(daemon.pid));
    if (!values.json) process.stderr.write(`round ${number} of ${roundCount}\n`);
  }
  echo.kill('SIGTERM');
  daemon.kill('SIGTERM');
  const [status] = await Promise.all([daemon.ended, echo.ended]);
  const recorded = verifyAll(site.evidence);
  const lost = [...acknowledged].filter((id) => !recorded.ids.has(id)).length;
  const outcome = {
    requests: total,
    clients: clientCount,
    acknowledged: acknowledged.size,
    unanswered: unanswered.length,
    lost,
    records: recorded.ids.size,
    streams: recorded.streams,
    exit_status: status,
    daemon: spread(ours),
    echo: spread(theirs),
    resident_mib: memory.map((bytes) => Math.round(bytes / 1024 / 1024)),
  };
  require(unanswered.length === 0, `${unanswered.length} requests were not answered by a decision: ${unanswered[0]}`);
  require(lost === 0, `${lost} acknowledged records are not in the evidence`);
  require(status === 0, `the daemon ended with ${status}`);
  return outcome;
}

/** @param {number} times @param {number} clientCount */
async function killAgainAndAgain(times, clientCount) {
  const site = writeSite(folder, issuer);
  /** @type {Set<string>} */
  const acknowledged = new Set();
  let [asked, refusedAgain, torn] = [0, 0, 0];
  /** @type {string[]} */
  let spent = [];
  for (let time = 1; time <= times; time += 1) {
    const daemon = await spawnDaemon(site, issuer);
    refusedAgain += await showAgain(site.socket, spent, acknowledged);
    spent = [];
    const enough = acknowledged.size + 40 + ((time * 97) % 400);
    const lines = linesOf(clientCount * 40, clientCount, asked, KILLED_RUNS);
    asked += clientCount * 40;
    let over = false;
    await ask(site.socket, lines, (answer, _, line) => {
      const id = recordIdIn(answer);
      if (id !== undefined) acknowledged.add(id);
      if (id !== undefined && spent.length < SHOWN_AGAIN && acknowledged.size % 7 === 0) spent.push(line);
      if (acknowledged.size >= enough && !over) {
        over = true;
        daemon.kill('SIGKILL');
      }
      return !over;
    });
    const signal = await daemon.ended;
    require(signal === 'SIGKILL', `the daemon ended with ${signal} before it was killed`);
    const recorded = verifyAll(site.evidence, 'may be torn');
    torn += recorded.torn;
    const lost = [...acknowledged].filter((id) => !recorded.ids.has(id)).length;
    require(lost === 0, `kill ${time}: ${lost} acknowledged records are not in the evidence`);
    if (!values.json && time % 10 === 0) process.stderr.write(`kill ${time} of ${times}\n`);
  }
  const last = await spawnDaemon(site, issuer);
  refusedAgain += await showAgain(site.socket, spent, acknowledged);
  let unanswered = 0;
  await ask(site.socket, linesOf(clientCount * 10, clientCount, asked, KILLED_RUNS), (answer) => {
    const id = recordIdIn(answer);
    if (id === undefined) unanswered += 1;
    else acknowledged.add(id);
    return true;
  });
  last.kill('SIGTERM');
  require((await last.ended) === 0, 'the last daemon did not end well');
  require(unanswered === 0, `the daemon after the last kill left ${unanswered} requests without a decision`);
  const recorded = verifyAll(site.evidence);
  const lost = [...acknowledged].filter((id) => !recorded.ids.has(id)).length;
  require(lost === 0, `${lost} acknowledged records are not in the evidence`);
  return {
    kills: times,
    clients: clientCount,
    acknowledged: acknowledged.size,
    lost,
    records: recorded.ids.size,
    streams: recorded.streams,
    torn_lines_set_aside: torn,
    spent_proofs_shown_again: refusedAgain,
  };
}

/**
 * A proof that was acknowledged is spent for good: a nonce is refused, a token gets the answer that was recorded then.
 *
 * @param {string} socket
 * @param {readonly string[]} lines
 * @param {ReadonlySet<string>} acknowledged
 */
async function showAgain(socket, lines, acknowledged) {
  for (const line of lines) {
    const answer = await exchange(socket, line);
    const id = recordIdIn(answer);
    const held = line.includes('OIDC-JWT')
      ? id !== undefined && acknowledged.has(id)
      : answer.includes('the nonce of the proof was used before');
    require(held, `a spent proof was taken again: ${answer.slice(0, 300)}`);
  }
  return lines.length;
}

/**
 * The lines of each client, half of which prove by HMAC and half by a token.
 *
 * @param {number} count of all clients together
 * @param {number} clientCount
 * @param {number} first number of the first request
 * @param {number} [runs] among which the clients are divided; unless given, each is the job of a run after another
 */
function linesOf(count, clientCount, first, runs) {
  return Array.from({ length: clientCount }, (_, client) => {
    const own = Math.floor(count / clientCount) + (client < count % clientCount ? 1 : 0);
    return Array.from({ length: own }, (_each, index) => {
      const number = first + index * clientCount + client;
      const run =
        runs === undefined ? `${client}00${Math.floor(number / clientCount / REQUESTS_OF_A_RUN)}` : `9${client % runs}`;
      return requestLine(client % 2 === 0 ? 'hmac' : 'oidc', run, number, issuer);
    });
  });
}

/**
 * Verifies every record of every run by wire-format.md section 5 alone, without any code of the product.
 *
 * @param {string} evidence
 * @param {'may be torn'} [end]
 */
function verifyAll(evidence, end) {
  /** @type {Set<string>} */
  const ids = new Set();
  let [streams, torn] = [0, 0];
  for (const name of readdirSync(evidence)) {
    if (name.startsWith('daemon.lock-') || name.startsWith('refused-')) continue;
    const text = readFileSync(join(evidence, name, 'release-governance-evidence.jsonl'), 'utf8');
    const lines = text.split('\n');
    const rest = lines.pop() ?? '';
    require(rest === '' || end === 'may be torn', `${name} ends in the middle of a line`);
    torn += rest === '' ? 0 : 1;
    streams += 1;
    verifyChain(name, lines, ids);
  }
  return { ids, streams, torn };
}

/** @param {string} name @param {readonly string[]} lines @param {Set<string>} ids */
function verifyChain(name, lines, ids) {
  let previous = '';
  for (const [index, line] of lines.entries()) {
    const { record_id: id, sequence, previous_hash: before = '', record_hash: hash, signature } = JSON.parse(line);
    const unsigned = line.replace(`,"record_hash":"${hash}"`, '').replace(/,"signature":\{[^{}]*\}\}$/, '}');
    const digest = createHash('sha256').update(unsigned).digest('hex');
    const mac = createHmac('sha256', EVIDENCE_KEY.secret)
      .update(`cavra.go-daemon.evidence.v1\n${before}\n${hash}`)
      .digest('hex');
    const valid = sequence === index + 1 && before === previous && digest === hash && mac === signature.value;
    require(valid && !ids.has(id), `line ${index + 1} of ${name} is not valid`);
    ids.add(id);
    previous = hash;
  }
}

/** @param {{ readonly latencies: number[]; readonly seconds: number; readonly worked: number }} measured */
function spread({ latencies, seconds, worked }) {
  const sorted = Float64Array.from(latencies).sort();
  const at = (/** @type {number} */ share) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return {
    p50_ms: at(0.5),
    p99_ms: at(0.99),
    max_ms: at(1),
    requests_per_second: sorted.length / seconds,
    processor_ms_a_request: (worked * 1000) / sorted.length,
  };
}

/** Seconds for which the processor worked on a process so far. @param {number} pid */
function processorSeconds(pid) {
  if (process.platform !== 'linux') return Number.NaN;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  // User and system time, in the hundredths of a second in which Linux tells them.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** @param {number} pid */
function residentBytes(pid) {
  if (process.platform !== 'linux') return 0;
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

/** @param {boolean} holds @param {string} message */
function require(holds, message) {
  if (!holds) throw new Error(message);
}

/** @param {{ readonly node: string; readonly cores: number; readonly soak: Awaited<ReturnType<typeof soak>> | undefined; readonly kills: Awaited<ReturnType<typeof killAgainAndAgain>> | undefined }} result */
function markdown({ node, cores, soak: soaked, kills: killed }) {
  const text = [`Node ${node}, ${cores} cores, which the clients share`, ''];
  if (soaked !== undefined) {
    const { daemon, echo } = soaked;
    const [start = 0, middle = 0, last = 0] = [0, soaked.resident_mib.length >> 1, soaked.resident_mib.length - 1].map(
      (index) => soaked.resident_mib[index] ?? 0,
    );
    const cells = (/** @type {ReturnType<typeof spread>} */ each) => {
      const { p50_ms, p99_ms, requests_per_second, processor_ms_a_request } = each;
      const throughput = `${Math.round(requests_per_second).toLocaleString('en')} a second`;
      return [
        `${p50_ms.toFixed(1)} ms`,
        `${p99_ms.toFixed(1)} ms`,
        throughput,
        `${processor_ms_a_request.toFixed(2)} ms`,
      ].join(' | ');
    };
    const times = (/** @type {number} */ ours, /** @type {number} */ theirs) => `${(ours / theirs).toFixed(1)} x`;
    text.push(
      `| ${soaked.requests.toLocaleString('en')} requests of ${soaked.clients} clients | p50 | p99 | throughput | processor, a request |`,
      '| --- | --- | --- | --- | --- |',
      `| daemon: half HMAC, half OIDC; durable | ${cells(daemon)} |`,
      `| plain echo, same clients and socket kind | ${cells(echo)} |`,
      `| ratio | ${times(daemon.p50_ms, echo.p50_ms)} | ${times(daemon.p99_ms, echo.p99_ms)} | 1 / ${(echo.requests_per_second / daemon.requests_per_second).toFixed(1)} | ${times(daemon.processor_ms_a_request, echo.processor_ms_a_request)} |`,
      '',
      '| seen | |',
      '| --- | --- |',
      `| acknowledged, unanswered, lost | ${soaked.acknowledged.toLocaleString('en')}, ${soaked.unanswered}, ${soaked.lost} |`,
      `| streams, each a valid chain | ${soaked.streams.toLocaleString('en')} |`,
      `| resident memory at the start, in the middle, at the end | ${start}, ${middle}, ${last} MiB |`,
    );
  }
  if (killed !== undefined) {
    text.push(
      ...(soaked === undefined ? ['| seen | |', '| --- | --- |'] : []),
      `| SIGKILL under the load of ${killed.clients} clients | ${killed.kills} times |`,
      `| acknowledged meanwhile, lost | ${killed.acknowledged.toLocaleString('en')}, ${killed.lost} |`,
      `| torn lines, set aside by the next start | ${killed.torn_lines_set_aside} |`,
      `| proofs shown again after a kill, none of which counted twice | ${killed.spent_proofs_shown_again} |`,
    );
  }
  return text.join('\n');
}
