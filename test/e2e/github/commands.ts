/** What the runner makes of a line that a step prints. */
export interface WorkflowCommand {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
}

/** Reads a line as GitHub's runner does: `::name k=v::message` at its start, or the old `##[name k=v]message` anywhere in it. */
export function parseCommand(line: string): WorkflowCommand | undefined {
  const modern = /^\s*::([\w-]+)(?: ([^:]*(?:%3A[^:]*)*))?::(.*)$/su.exec(line);
  if (modern !== null) {
    const [, name = '', properties = '', message = ''] = modern;
    return { name, properties: parseProperties(properties), message: unescaped(message) };
  }
  const old = /##\[([\w-]+)(?: ([^\]]*))?\](.*)$/su.exec(line);
  if (old === null) return undefined;
  const [, name = '', , message = ''] = old;
  return { name: `old:${name}`, properties: {}, message };
}

function parseProperties(text: string): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair.includes('='));
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      return [
        pair.slice(0, at).trim(),
        unescaped(pair.slice(at + 1))
          .replaceAll('%3A', ':')
          .replaceAll('%2C', ','),
      ];
    }),
  );
}

function unescaped(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
}

/** Reads a file of `name<<delimiter` blocks or `name=value` lines, as GITHUB_OUTPUT and GITHUB_STATE are. */
export function parseKeyValueFile(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    const block = /^([^=<]+)<<(.+)$/.exec(line);
    if (block !== null) {
      const [, name = '', delimiter = ''] = block;
      const end = lines.indexOf(delimiter, index + 1);
      if (end < 0) throw new Error(`no end of ${name}`);
      values[name] = lines.slice(index + 1, end).join('\n');
      index = end;
    } else if (line.includes('=')) {
      values[line.slice(0, line.indexOf('='))] = line.slice(line.indexOf('=') + 1);
    } else if (line !== '') {
      throw new Error(`not a pair: ${line}`);
    }
  }
  return values;
}
