/** The result that a task reports; the pipeline goes on after the first two. */
export type TaskResult = 'Succeeded' | 'SucceededWithIssues' | 'Failed';

/** A variable of the job. */
export interface JobVariable {
  readonly name: string;
  readonly secret: boolean;
}

/** The proxy that the agent is configured for. */
export interface AgentProxy {
  /** Without user and password. */
  readonly url: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

/**
 * What the agent gives to a task and takes from it. Whatever text goes out is made harmless first: no text from outside becomes a
 * logging command (`##vso[…]`) of its own.
 */
export interface Agent {
  /** The text of an input without blanks around it; undefined when it is not given. */
  input(name: string): string | undefined;
  /** All variables of the job, by name. */
  variables(): readonly JobVariable[];
  /** The value of a variable, secret or not. It goes nowhere but to the caller. */
  variable(name: string): string | undefined;
  /** The job's own access token, which tasks are given without a mapping; undefined where there is none. */
  accessToken(): string | undefined;
  /**
   * The agent's proxy; undefined where there is none, or where it is not for the address that is given.
   *
   * @throws Error the agent's proxy settings are not usable
   */
  proxy(url?: string): AgentProxy | undefined;
  /** Path of the certificate authorities that the agent is configured to trust. */
  certificateAuthorities(): string | undefined;

  log(line: string): void;
  issue(level: 'error' | 'warning', message: string): void;
  setOutput(name: string, value: string): void;
  /** @param folder absolute; it is read after the task has ended */
  uploadArtifact(name: string, folder: string): void;
  /** @param path of a Markdown file whose name becomes the title; it is read after the task has ended */
  uploadSummary(path: string): void;
  /** @param path of a file that is to be had with the log; it is read after the task has ended */
  uploadFile(path: string): void;
  /** Reports the result; only the first call counts. A failure is also an error on the run's page. */
  complete(result: TaskResult, message: string): void;
}
