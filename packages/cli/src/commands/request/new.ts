import { newRequest, REQUEST_MEMBERS, type RequestMember } from '@cavra/release-governance-core';
import type { Command, OptionDefinition, ParsedArguments, Terminal } from '../../command-line/command.ts';

const OUTPUT: OptionDefinition = {
  name: 'output',
  kind: 'value',
  placeholder: 'FILE',
  description: 'write the request to a file instead of the screen',
};

export const requestNewCommand: Command = {
  name: 'request new',
  summary: 'write a valid request from options',
  synopsis: '',
  details:
    'The options are the members of a request, with their names on the wire; docs and types: schemas/request.schema.json.',
  options: [...REQUEST_MEMBERS.map(optionOf), OUTPUT],
  positionals: [0, 0],
  run: runRequestNew,
};

/** `metadata_kind` -> `--metadata-kind`; the descriptions end without a period, as all of the help does. */
function optionOf({ name, type, description, words }: RequestMember): OptionDefinition {
  const few = words !== undefined && words.length <= 8 ? `; ${words.join(', ')}` : '';
  return {
    name: name.replaceAll('_', '-'),
    kind: type === 'string-list' ? 'list' : 'value',
    placeholder: { string: 'TEXT', int64: 'NUMBER', boolean: 'true|false', 'string-list': 'TEXT' }[type],
    description: `${description.replace(/\.$/, '')}${few}`,
  };
}

async function runRequestNew(terminal: Terminal, parsed: ParsedArguments): Promise<number> {
  const values = new Map<string, readonly string[]>();
  for (const { name } of REQUEST_MEMBERS) {
    const option = name.replaceAll('_', '-');
    const text = parsed.values.get(option);
    const texts = parsed.lists.get(option) ?? (text === undefined ? undefined : [text]);
    if (texts !== undefined) values.set(name, texts);
  }
  const request = newRequest(values);
  const file = parsed.values.get(OUTPUT.name);
  if (file === undefined) terminal.out(request);
  else await terminal.writeFile(file, request);
  return 0;
}
