import { Session } from 'node:inspector';
import type { Worker } from 'node:worker_threads';

/** What Node's inspector says of a worker that it is attached to. */
interface Attached {
  readonly params: { readonly sessionId: string; readonly workerInfo: { readonly title: string } };
}

/** Milliseconds until the inspector gives up: the worker answers between two instructions of its code. */
const PATIENCE = 1000;

/**
 * Ends what a worker runs, and not the worker: its event loop goes on, and so do guests that are suspended. For code without
 * checks; the promise of the call that is ended never settles. Does nothing if Node was built without an inspector.
 */
export function terminateExecution(worker: Worker): void {
  const session = new Session();
  try {
    session.connect();
  } catch {
    return;
  }
  // Sessions are per worker; their ids count something else than threads.
  const title = `[worker ${worker.threadId}]`;
  const timer = setTimeout(() => session.disconnect(), PATIENCE).unref();
  session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }: Attached) => {
    if (!workerInfo.title.startsWith(title)) return;
    const message = JSON.stringify({ id: 1, method: 'Runtime.terminateExecution' });
    session.post('NodeWorker.sendMessageToWorker', { sessionId, message });
  });
  session.on('NodeWorker.receivedMessageFromWorker', () => {
    clearTimeout(timer);
    session.disconnect();
  });
  session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
}
