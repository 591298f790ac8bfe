import { Writable } from 'node:stream';
import { logLine } from '@cavra/release-governance-core';
import type { Agent, AgentProxy, JobVariable, TaskResult } from './agent.ts';

type TaskLibrary = typeof import('azure-pipelines-task-lib/task.js');
type Internals = typeof import('azure-pipelines-task-lib/internal.js');

const SYSTEM_CONNECTION = 'SystemVssConnection';

/**
 * Opens the agent by its task library. From here on the environment has no inputs, endpoints and secret variables any more: the
 * library has taken them out, so that no child process inherits them.
 *
 * @param out where the agent listens
 */
export async function openAgent(out: NodeJS.WritableStream): Promise<Agent> {
  // The library writes all that it reads as debug lines, secrets and the access token among them, and leaves it to the agent to mask
  // them. So whenever it reads, and it begins when it is loaded, it writes to nobody.
  const { default: internals }: { default: Internals } = await import('azure-pipelines-task-lib/internal.js');
  internals._setStdStream(nobody());
  const { default: library }: { default: TaskLibrary } = await import('azure-pipelines-task-lib/task.js');
  // Its handlers would print stack traces; the entry file has its own.
  for (const event of ['uncaughtException', 'unhandledRejection']) process.removeAllListeners(event);
  return new TaskLibAgent(library, out);
}

/** Longer texts make pages that cannot be read, and on Windows variables that later steps cannot be started with. */
const MAX_TEXT = 4_000;

/** One line that is no command. */
function harmless(text: string): string {
  return logLine(text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text);
}

function nobody(): NodeJS.WritableStream {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

class TaskLibAgent implements Agent {
  readonly #library: TaskLibrary;
  readonly #out: NodeJS.WritableStream;
  #completed = false;

  constructor(library: TaskLibrary, out: NodeJS.WritableStream) {
    this.#library = library;
    this.#out = out;
  }

  input(name: string): string | undefined {
    return this.#library.getInput(name)?.trim() || undefined;
  }

  variables(): readonly JobVariable[] {
    return this.#library.getVariables().map(({ name, secret }) => ({ name, secret }));
  }

  variable(name: string): string | undefined {
    return this.#library.getVariable(name) || undefined;
  }

  accessToken(): string | undefined {
    return this.#library.getEndpointAuthorizationParameter(SYSTEM_CONNECTION, 'AccessToken', true) || undefined;
  }

  proxy(url?: string): AgentProxy | undefined {
    const proxy = this.#library.getHttpProxyConfiguration(url);
    if (!proxy) return undefined;
    return {
      url: proxy.proxyUrl,
      user: proxy.proxyUsername || undefined,
      password: proxy.proxyPassword || undefined,
    };
  }

  certificateAuthorities(): string | undefined {
    return this.#library.getHttpCertConfiguration()?.caFile || undefined;
  }

  log(line: string): void {
    this.#out.write(`${harmless(line)}\n`);
  }

  issue(level: 'error' | 'warning', message: string): void {
    const { error, warning, IssueSource } = this.#library;
    this.#aloud(() => (level === 'error' ? error : warning)(harmless(message), IssueSource.TaskInternal));
  }

  setOutput(name: string, value: string): void {
    this.#aloud(() => this.#library.setVariable(name, harmless(value), false, true));
  }

  uploadArtifact(name: string, folder: string): void {
    // Without a container folder the agent takes the name for it, which is what downloads expect.
    this.#aloud(() => this.#library.command('artifact.upload', { artifactname: harmless(name) }, folder));
  }

  uploadSummary(path: string): void {
    this.#aloud(() => this.#library.uploadSummary(path));
  }

  uploadFile(path: string): void {
    this.#aloud(() => this.#library.uploadFile(path));
  }

  complete(result: TaskResult, message: string): void {
    if (this.#completed) return;
    this.#completed = true;
    const { setResult, TaskResult: Results } = this.#library;
    this.#aloud(() => setResult(Results[result], harmless(message)));
  }

  #aloud(command: () => void): void {
    this.#library.setStdStream(this.#out);
    try {
      command();
    } finally {
      this.#library.setStdStream(nobody());
    }
  }
}
