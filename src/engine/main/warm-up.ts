import type { Handler } from '../../http/handler.ts';

/** Sends `GET /` to a component and waits for the head of the response, whatever its status. Rejects if there is none. */
export function warmUp(handle: Handler): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = handle(
      {
        method: 'GET',
        scheme: 'http',
        authority: 'localhost',
        path: '/',
        headers: ['host', 'localhost'],
        body: undefined,
        receivedAt: performance.now(),
      },
      {
        head() {
          resolve();
          call.cancel();
        },
        chunk() {},
        end() {},
        fail: reject,
        finished() {},
      },
    );
  });
}
