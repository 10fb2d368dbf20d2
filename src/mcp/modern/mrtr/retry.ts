import { INTERNAL_ERROR, type Refusal } from '../../edge/messages.ts';
import type { ClientMessage } from '../client-message.ts';
import { INVALID_PARAMS } from '../codes.ts';
import type { LegacyGuest } from '../guest.ts';
import type { Step } from '../step.ts';
import { takesInput } from './capabilities.ts';
import { wrongResponses } from './input-responses.ts';
import type { Inputs, InputsParts } from './inputs.ts';

export type LoadInputs = () => Promise<Inputs>;

/** What keeps calls is loaded when the first guest asks its client something, or the first client continues a call. */
export function loadInputs(parts: InputsParts): LoadInputs {
  let inputs: Promise<Inputs> | undefined;
  return () => {
    inputs ??= import('./inputs.ts').then(({ createInputs }) => createInputs(parts));
    return inputs;
  };
}

/** Whether the client continues a call (MCP 2026-07-28, "Multi Round-Trip Requests", section "Basic Workflow"). */
export function continues({ method, params }: ClientMessage): boolean {
  return params.requestState !== undefined && takesInput(method);
}

export function continueCall(load: LoadInputs | undefined, step: Step, profile: LegacyGuest): void {
  if (load === undefined) {
    const text = 'this host keeps no calls';
    step.exchange.refuse(step.sequence.target, { status: 500, code: INTERNAL_ERROR, text });
  } else void load().then((inputs) => inputs.resume(step, profile));
}

export function checkInput({ method, params }: ClientMessage): Refusal | undefined {
  const wrong = takesInput(method) ? wrongResponses(params.inputResponses) : undefined;
  return wrong === undefined ? undefined : { status: 400, code: INVALID_PARAMS, text: wrong };
}
