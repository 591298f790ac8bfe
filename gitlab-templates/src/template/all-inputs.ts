import { GATE_INPUTS } from '../configuration/inputs.ts';
import type { TemplateCommand, TemplateInput } from '../configuration/template-input.ts';
import { VERIFY_INPUTS } from '../configuration/verify-inputs.ts';

/** The inputs of a template. */
export function inputsOf(command: TemplateCommand): readonly TemplateInput[] {
  return command === 'gate' ? GATE_INPUTS : VERIFY_INPUTS;
}
