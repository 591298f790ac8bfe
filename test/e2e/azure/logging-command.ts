/** A line of output that the agent takes for a command. */
export interface LoggingCommand {
  /** For example `task.issue`, in lower case. */
  readonly name: string;
  /** Names in lower case. */
  readonly properties: Readonly<Record<string, string>>;
  readonly data: string;
}

const PREFIX = '##vso[';

/** Reads a line as the agent does: the prefix may stand anywhere in it, and only the first one counts. */
export function parseCommand(line: string): LoggingCommand | undefined {
  const start = line.indexOf(PREFIX);
  const end = line.indexOf(']', start);
  if (start < 0 || end < 0) return undefined;
  const [name = '', ...rest] = line.slice(start + PREFIX.length, end).split(' ');
  if (name.split('.').filter((part) => part !== '').length !== 2) return undefined;
  const pairs = rest
    .join(' ')
    .split(';')
    .flatMap((property) => {
      const equals = property.indexOf('=');
      return equals > 0 && equals < property.length - 1
        ? [[property.slice(0, equals).toLowerCase(), unescaped(property.slice(equals + 1))] as const]
        : [];
    });
  return { name: name.toLowerCase(), properties: Object.fromEntries(pairs), data: unescaped(line.slice(end + 1)) };
}

function unescaped(text: string): string {
  return text
    .replaceAll('%3B', ';')
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%5D', ']')
    .replaceAll('%AZP25', '%');
}
