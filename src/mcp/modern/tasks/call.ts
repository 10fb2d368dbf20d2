import { WasmcpError } from '../../../../host/index.ts';
import { wrapResponse } from '../../../http/response.ts';
import type { JsonObject } from '../client-message.ts';
import type { Exchange } from '../exchange.ts';
import type { Step } from '../step.ts';
import type { Translation } from '../translation.ts';
import type { TaskService } from './service.ts';

/**
 * Makes a task of a call that has no response after some time: its client gets the task, and the guest continues. Returns the step
 * that is to be taken instead.
 */
export function watchCall(service: TaskService, step: Step): Step {
  const { sequence } = step;
  const timer = setTimeout(() => void become(service, step), service.after).unref();
  const { target } = sequence;
  const watched = wrapResponse(target, {
    end(trailers) {
      clearTimeout(timer);
      target.end(trailers);
    },
    fail(error) {
      clearTimeout(timer);
      target.fail(error);
    },
  });
  return { ...step, sequence: { ...sequence, target: watched } };
}

async function become(service: TaskService, { exchange, sequence, translated }: Step): Promise<void> {
  const tasks = await service.load();
  if (translated.isOver) return;
  const stop = (): void => sequence.call.stop(new WasmcpError('client-gone', 'the task has ended'));
  const task = await tasks.create(exchange.owner, stop);
  if (task === undefined) return;
  if (translated.isOver || exchange.hasLeft) {
    task.discard();
    return;
  }
  exchange.isDetached = true;
  translated.hold(task.created);
  translated.resume(task.collector, translationOf(exchange));
}

/** Of the response of a guest whose client does not hear of it any more. */
function translationOf(exchange: Exchange): Translation {
  return {
    streams: false,
    passes: false,
    id: exchange.id,
    completion: () => exchange.completion(),
    notified: () => undefined,
    asked: (request: JsonObject) => exchange.asked(request),
    responded: (response) => exchange.responded(response),
  };
}
