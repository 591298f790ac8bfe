import { inputsOf, type TemplateCommand } from '../src/configuration/inputs.ts';

/** A configuration block as the template writes it, with these inputs in place of the defaults. */
export function block(command: TemplateCommand, inputs: Readonly<Record<string, string>>): string {
  const lines = inputsOf(command)
    .filter(({ configures }) => configures)
    .map(({ name, default: standard }) => `${name}=${inputs[name] ?? String(standard)}\n`);
  return [`command=${command}\n`, 'form=template\n', ...lines].join('');
}
