import { ConfigurationError } from '@cavra/release-governance-core';
import { inputsOf, type TemplateCommand } from './inputs.ts';

/** What the template was included with: the lines of its configuration block. */
export interface Configuration {
  readonly command: TemplateCommand;
  /** Facts of the component, where the template was included as one. */
  readonly component: ComponentFacts | undefined;
  /** The text of an input; empty: not given. */
  text(input: string): string;
  flag(input: string): boolean;
}

export interface ComponentFacts {
  readonly name: string;
  readonly reference: string;
  readonly sha: string;
  readonly version: string;
}

const COMPONENT = ['component_name', 'component_reference', 'component_sha', 'component_version'] as const;

/**
 * Reads the configuration block: `name=value` on each line, exactly the names that the template writes, each once. A line more or less
 * than that means that a value broke out of its line, and nothing in the block can be believed.
 *
 * @throws ConfigurationError CAVRA-E201
 */
export function parseConfiguration(block: string): Configuration {
  const values = parseLines(block);
  const command = values.get('command');
  if (command !== 'gate' && command !== 'verify') throw altered('it names no command');
  const form = values.get('form');
  if (form !== 'template' && form !== 'component') throw altered('it names no form');
  const inputs = inputsOf(command).filter(({ configures }) => configures);
  requireExactly(values, [
    'command',
    'form',
    ...(form === 'component' ? COMPONENT : []),
    ...inputs.map(({ name }) => name),
  ]);
  const text = (name: string) => values.get(name) ?? '';
  return {
    command,
    component: form === 'component' ? componentFacts(text) : undefined,
    text,
    flag: (name) => text(name) === 'true',
  };
}

function parseLines(block: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of block.split('\n')) {
    if (line === '') continue;
    const [, name = '', value = ''] = /^([a-z][a-z0-9_]*)=(.*)$/s.exec(line) ?? [];
    if (name === '') throw altered('a line is not of the form name=value');
    if (values.has(name)) throw altered(`${name} stands in it twice`);
    values.set(name, value);
  }
  return values;
}

function requireExactly(values: ReadonlyMap<string, string>, names: readonly string[]): void {
  const missing = names.filter((name) => !values.has(name));
  const unknown = [...values.keys()].filter((name) => !names.includes(name));
  if (missing.length > 0) throw altered(`${missing.join(', ')} is missing`);
  if (unknown.length > 0) throw altered(`${unknown.join(', ')} is unknown`);
}

/** GitLab leaves empty what a component does not have, for example a version; other tools leave the block as it was. */
function componentFacts(text: (name: string) => string): ComponentFacts {
  const fact = (name: string) => (text(name).startsWith('$[[') ? '' : text(name));
  return {
    name: fact('component_name'),
    reference: fact('component_reference'),
    sha: fact('component_sha'),
    version: fact('component_version'),
  };
}

function altered(detail: string): ConfigurationError {
  return new ConfigurationError('CAVRA-E201', `the configuration of the template was altered: ${detail}`);
}
