import { WasmcpError } from '../../../../host/index.ts';
import { wrapResponse } from '../../../http/response.ts';
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
  const { target } = sequence;
  let isSettled = false;
  const timer = setTimeout(() => void become(service, step, () => isSettled), service.after).unref();

  /** The client has its response. */
  function settle(): void {
    isSettled = true;
    clearTimeout(timer);
  }

  const watched = wrapResponse(target, {
    end(trailers) {
      settle();
      target.end(trailers);
    },
    fail(error) {
      settle();
      target.fail(error);
    },
  });
  const release = (): void => {
    settle();
    sequence.release();
  };
  return { ...step, sequence: { ...sequence, target: watched, release } };
}

async function become(service: TaskService, step: Step, isSettled: () => boolean): Promise<void> {
  const { exchange, translated, message } = step;
  const tasks = await service.load();
  const isOver = (): boolean => isSettled() || translated.isOver || exchange.hasLeft;
  if (isOver()) return;
  const stop = (): void => exchange.stop(new WasmcpError('client-gone', 'the task has ended'));
  const task = await tasks.create(exchange.owner, message, stop);
  if (task === undefined) return;
  if (isOver()) {
    task.discard();
    return;
  }
  exchange.inputRequired = task.inputRequired;
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
    asked: (request) => exchange.asked(request),
    responded: (response) => exchange.responded(response),
  };
}
