import type { Handle } from './request.ts';

/** Lets a component answer `GET /`, whatever it answers: what matters is that it does. Rejects when it does not. */
export function rehearse(handle: Handle): Promise<void> {
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
          call.gone();
        },
        chunk() {},
        end() {},
        fail: reject,
        finished() {},
      },
    );
  });
}
