import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import { type LoggingCommand, parseCommand } from './logging-command.ts';

/** An artifact as the agent would upload it. */
export interface UploadedArtifact {
  readonly name: string;
  readonly files: ReadonlyMap<string, Buffer>;
}

/** What stands on the run's page after a step. */
export interface Page {
  readonly commands: readonly LoggingCommand[];
  /** What a command asked for and the agent would not do. */
  readonly refused: readonly string[];
  /** Lines of the log that are no commands. */
  readonly log: readonly string[];
  readonly issues: readonly { readonly type: string; readonly message: string }[];
  readonly outputs: Readonly<Record<string, string>>;
  readonly artifacts: readonly UploadedArtifact[];
  /** Name and content of what is shown as a section of its own. */
  readonly summaries: readonly { readonly name: string; readonly text: string }[];
  /** Names of the files attached to the log. */
  readonly attachments: readonly string[];
  /** Every result that was reported: one. */
  readonly results: readonly { readonly result: string; readonly message: string }[];
}

/** What the agent goes by. */
export interface PageContext {
  /** The agent's work folder; it takes files from below it only. */
  readonly work: string;
  /** The output variables that task.json lets the task set. */
  readonly settable: readonly string[];
  readonly hostType: string;
  /** Names that artifacts of this run have; the new ones are added. */
  readonly artifactNames: Set<string>;
}

/** Works off the output of a process that has ended. */
export function processOutput(output: string, context: PageContext): Page {
  const page = new PageWriter(context);
  for (const line of output.split(/\r?\n/)) page.take(line);
  return { ...page };
}

class PageWriter implements Page {
  readonly commands: LoggingCommand[] = [];
  readonly refused: string[] = [];
  readonly log: string[] = [];
  readonly issues: { type: string; message: string }[] = [];
  readonly outputs: Record<string, string> = {};
  readonly artifacts: UploadedArtifact[] = [];
  readonly summaries: { name: string; text: string }[] = [];
  readonly attachments: string[] = [];
  readonly results: { result: string; message: string }[] = [];
  readonly #context: PageContext;

  constructor(context: PageContext) {
    this.#context = context;
  }

  take(line: string): void {
    const command = parseCommand(line);
    if (command === undefined) {
      this.log.push(line);
      if (line.includes('##vso')) this.refused.push(`not a command: ${line}`);
      return;
    }
    this.commands.push(command);
    const { name, properties, data } = command;
    switch (name) {
      case 'task.debug':
        return;
      case 'task.issue':
      case 'task.logissue':
        this.issues.push({ type: properties['type'] ?? '', message: data });
        return;
      case 'task.setvariable':
        this.#setVariable(properties, data);
        return;
      case 'task.complete':
        this.results.push({ result: properties['result'] ?? '', message: data });
        return;
      case 'task.uploadsummary':
        if (this.#isReadable(data)) this.summaries.push({ name: basename(data), text: readFileSync(data, 'utf8') });
        return;
      case 'task.uploadfile':
        if (this.#isReadable(data)) this.attachments.push(basename(data));
        return;
      case 'artifact.upload':
        this.#upload(properties['artifactname'] ?? '', data);
        return;
      default:
        this.refused.push(`an unknown command: ${name}`);
    }
  }

  #setVariable(properties: Readonly<Record<string, string>>, value: string): void {
    const variable = properties['variable'] ?? '';
    const allowed = this.#context.settable.includes(variable);
    if (!allowed || properties['isoutput'] !== 'true') this.refused.push(`setting ${variable}`);
    else this.outputs[variable] = value;
  }

  #upload(name: string, folder: string): void {
    if (this.#context.hostType !== 'build') this.refused.push(`an artifact in a ${this.#context.hostType}`);
    else if (name === '' || this.#context.artifactNames.has(name))
      this.refused.push(`the artifact name ${name}, which is taken`);
    else if (!this.#isBelowWork(folder) || !statSync(folder).isDirectory()) this.refused.push(`the folder ${folder}`);
    else {
      this.#context.artifactNames.add(name);
      const files = readdirSync(folder).map((file) => [file, readFileSync(join(folder, file))] as const);
      if (files.length === 0) this.refused.push(`the empty folder ${folder}`);
      this.artifacts.push({ name, files: new Map(files) });
    }
  }

  #isReadable(path: string): boolean {
    const readable = this.#isBelowWork(path) && statSync(path).isFile();
    if (!readable) this.refused.push(`the file ${path}`);
    return readable;
  }

  #isBelowWork(path: string): boolean {
    return path.startsWith(`${this.#context.work}${sep}`) && existsSync(path);
  }
}
