import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** An artifact that was uploaded and finalized. */
export interface FakeArtifact {
  readonly id: number;
  readonly name: string;
  readonly zip: Buffer;
  /** As the client asked for, RFC 3339; undefined: the repository's own retention. */
  readonly expiresAt: string | undefined;
}

export type ResultsStep = 'create' | 'upload' | 'finalize';

export type ResultsFault =
  | { readonly kind: 'status'; readonly status: number }
  /** Takes the request and says nothing. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'reset' };

/** GitHub's results service, where artifacts go, with the storage behind it: plain HTTP on the loopback interface. */
export interface FakeResults {
  /** ACTIONS_RESULTS_URL and ACTIONS_RUNTIME_TOKEN of a job. */
  readonly environment: Readonly<Record<string, string>>;
  readonly port: number;
  readonly artifacts: readonly FakeArtifact[];
  /** Steps that were asked for, in order. */
  readonly steps: readonly ResultsStep[];
  /** Takes a name, as an artifact of the same run would. */
  take(name: string): void;
  /** @param times requests of that step, all further ones by default */
  fail(step: ResultsStep, fault: ResultsFault, times?: number): void;
  heal(): void;
  /** Resolves once a step was asked for. */
  asked(step: ResultsStep): Promise<void>;
  close(): Promise<void>;
}

const SERVICE = '/twirp/github.actions.results.api.v1.ArtifactService/';
const RUN_BACKEND_ID = 'ce7f54c7-61c7-4aae-887f-30da475f5f1a';
const JOB_BACKEND_ID = 'ca395085-040a-526b-2ce8-bdc85f692774';

interface Upload {
  readonly name: string;
  readonly expiresAt: string | undefined;
  readonly blocks: Map<string, Buffer>;
  zip: Buffer | undefined;
}

interface Reply {
  readonly status: number;
  readonly body?: unknown;
}

export async function startResults(): Promise<FakeResults> {
  const sockets = new Set<Socket>();
  const planned: { step: ResultsStep; fault: ResultsFault; times: number }[] = [];
  const waiting: { step: ResultsStep; resolve: () => void }[] = [];
  const state = new ResultsState();

  const server = createServer((request, response) => {
    response.on('error', () => {});
    void readBody(request).then((body) => {
      const url = new URL(request.url ?? '/', 'http://127.0.0.1');
      const step = stepOf(url);
      if (step !== undefined) {
        state.steps.push(step);
        for (const each of waiting.filter((candidate) => candidate.step === step)) each.resolve();
      }
      const fault = planned.find((candidate) => candidate.step === step && candidate.times > 0);
      if (fault !== undefined) fault.times -= 1;
      answer(response, fault?.fault, () => state.answer(request, url, body));
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  state.origin = `http://127.0.0.1:${port}`;

  return {
    // Only the origin of the URL is used.
    environment: { ACTIONS_RESULTS_URL: `${state.origin}/some/path/`, ACTIONS_RUNTIME_TOKEN: state.token },
    port,
    artifacts: state.artifacts,
    steps: state.steps,
    take: (name) => state.names.add(name),
    fail: (step, fault, times = Number.POSITIVE_INFINITY) => planned.push({ step, fault, times }),
    heal: () => planned.splice(0),
    asked: (step) =>
      state.steps.includes(step) ? Promise.resolve() : new Promise((resolve) => waiting.push({ step, resolve })),
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

class ResultsState {
  origin = '';
  readonly steps: ResultsStep[] = [];
  readonly artifacts: FakeArtifact[] = [];
  readonly names = new Set<string>();
  readonly #uploads = new Map<string, Upload>();
  readonly token = jwt({ scp: `Actions.ExampleScope Actions.Results:${RUN_BACKEND_ID}:${JOB_BACKEND_ID}` });

  answer(request: IncomingMessage, url: URL, body: Buffer): Reply {
    if (url.pathname.startsWith('/blob/')) return this.#store(url, body);
    if (request.method !== 'POST' || request.headers.authorization !== `Bearer ${this.token}`) {
      return { status: 401, body: { code: 'unauthenticated', msg: 'bad token' } };
    }
    const message = JSON.parse(body.toString('utf8')) as Record<string, string>;
    if (
      message['workflow_run_backend_id'] !== RUN_BACKEND_ID ||
      message['workflow_job_run_backend_id'] !== JOB_BACKEND_ID
    ) {
      return { status: 403, body: { code: 'permission_denied', msg: 'not your run' } };
    }
    return url.pathname.endsWith('/CreateArtifact') ? this.#create(message) : this.#finalize(message);
  }

  #create(message: Readonly<Record<string, unknown>>): Reply {
    const name = String(message['name']);
    if (message['version'] !== 7) return { status: 400, body: { code: 'invalid_argument', msg: 'unknown version' } };
    if (this.names.has(name)) {
      const msg = 'an artifact with this name already exists on the workflow run';
      return { status: 409, body: { code: 'already_exists', msg } };
    }
    this.names.add(name);
    const id = randomUUID();
    const expiresAt = message['expires_at'] === undefined ? undefined : String(message['expires_at']);
    this.#uploads.set(id, { name, expiresAt, blocks: new Map(), zip: undefined });
    return { status: 200, body: { ok: true, signed_upload_url: `${this.origin}/blob/${id}?sig=signed-upload-secret` } };
  }

  #store(url: URL, body: Buffer): Reply {
    const upload = this.#uploads.get(url.pathname.slice('/blob/'.length));
    if (upload === undefined || url.searchParams.get('sig') !== 'signed-upload-secret') return { status: 403 };
    if (url.searchParams.get('comp') === 'block') {
      upload.blocks.set(url.searchParams.get('blockid') ?? '', body);
    } else {
      const ids = [...body.toString('utf8').matchAll(/<Latest>([^<]+)<\/Latest>/g)].map(([, id = '']) => id);
      upload.zip = Buffer.concat(ids.map((id) => upload.blocks.get(id) ?? Buffer.alloc(0)));
    }
    return { status: 201 };
  }

  #finalize(message: Readonly<Record<string, string>>): Reply {
    const upload = [...this.#uploads.values()].findLast(({ name }) => name === message['name']);
    const { zip } = upload ?? {};
    if (upload === undefined || zip === undefined)
      return { status: 404, body: { code: 'not_found', msg: 'no upload' } };
    const hash = `sha256:${createHash('sha256').update(zip).digest('hex')}`;
    if (message['size'] !== String(zip.length) || message['hash'] !== hash) {
      return { status: 400, body: { code: 'invalid_argument', msg: 'other size or hash' } };
    }
    const artifact = { id: 8001 + this.artifacts.length, name: upload.name, zip, expiresAt: upload.expiresAt };
    this.artifacts.push(artifact);
    return { status: 200, body: { ok: true, artifact_id: String(artifact.id) } };
  }
}

function stepOf({ pathname }: URL): ResultsStep | undefined {
  if (pathname.startsWith('/blob/')) return 'upload';
  if (pathname === `${SERVICE}CreateArtifact`) return 'create';
  return pathname === `${SERVICE}FinalizeArtifact` ? 'finalize' : undefined;
}

function answer(response: ServerResponse, fault: ResultsFault | undefined, reply: () => Reply): void {
  if (fault?.kind === 'silent') return;
  if (fault?.kind === 'reset') return void response.socket?.destroy();
  const { status, body } =
    fault === undefined ? reply() : { status: fault.status, body: { code: 'internal', msg: 'not now' } };
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body === undefined ? '' : JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    // The client went away; whatever came is answered to nobody.
  }
  return Buffer.concat(chunks);
}

/** Nobody checks the signature of the runner's own token on the client's side. */
function jwt(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.c2lnbmF0dXJl`;
}
