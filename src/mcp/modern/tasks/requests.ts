import { sendResult } from '../../edge/messages.ts';
import { isObject, type JsonObject, jsonText } from '../client-message.ts';
import { INVALID_PARAMS } from '../codes.ts';
import type { LegacyGuest } from '../guest.ts';
import type { Owners } from '../state/owner.ts';
import { whenSettled } from '../state/when-settled.ts';
import type { Step } from '../step.ts';
import { declaresTasks, UNDECLARED } from './extension.ts';
import type { Tasks } from './tasks.ts';

/** What a client gets: a result, or why there is none. */
type Answer = { readonly result: JsonObject } | { readonly code: number; readonly text: string };

const ACKNOWLEDGED: Answer = { result: {} };
const UNKNOWN: Answer = {
  code: INVALID_PARAMS,
  text: 'there is no such task: it has expired, or never existed',
};

/** Serves `tasks/get`, `tasks/update` and `tasks/cancel` (SEP-2663). */
export function serveTask(
  load: () => Promise<Tasks>,
  owners: Owners,
  step: Step,
  profile: LegacyGuest,
): void {
  const { exchange, message, sequence } = step;
  if (!declaresTasks(message.meta)) {
    exchange.refuse(sequence.target, UNDECLARED);
    return;
  }
  owners.verify(step, profile, (owner) => {
    whenSettled(answer(load, owner, message.method, message.params), step, (given) => {
      if ('result' in given) sendResult(sequence.target, jsonText(message.id), given.result);
      else exchange.refuse(sequence.target, { status: 200, ...given });
    });
  });
}

async function answer(
  load: () => Promise<Tasks>,
  owner: string | undefined,
  method: string,
  params: JsonObject,
): Promise<Answer> {
  const { taskId } = params;
  if (typeof taskId !== 'string') return UNKNOWN;
  const tasks = await load();
  if (method === 'tasks/get') return shown(await tasks.get(owner, taskId));
  if (method === 'tasks/cancel') return acknowledged(await tasks.cancel(owner, taskId));
  return update(tasks, owner, taskId, params);
}

async function update(
  tasks: Tasks,
  owner: string | undefined,
  id: string,
  { inputResponses }: JsonObject,
): Promise<Answer> {
  if (!isObject(inputResponses)) return { code: INVALID_PARAMS, text: 'inputResponses is not an object' };
  return acknowledged(await tasks.respond(owner, id, inputResponses));
}

function shown(task: JsonObject | undefined): Answer {
  return task === undefined ? UNKNOWN : { result: task };
}

function acknowledged(isKnown: boolean): Answer {
  return isKnown ? ACKNOWLEDGED : UNKNOWN;
}
