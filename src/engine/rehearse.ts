import type { Handler } from '../http/handler.ts';

/** Lets a component answer `GET /`, whatever it answers: what matters is that it does. Rejects when it does not. */
export function rehearse(handle: Handler): Promise<void> {
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
