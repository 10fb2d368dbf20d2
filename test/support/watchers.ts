import { expect } from 'vitest';
import { fixture, type ServeProcess, serve } from './command.ts';

/** Two servers of a component that writes down what its watcher is told, each in a bucket of its own. */
export async function serveWatchers(store: readonly string[]): Promise<[ServeProcess, ServeProcess]> {
  return Promise.all([
    serve(fixture('watcher-draft'), [...store, '--env', 'BOOK=one']),
    serve(fixture('watcher-draft2'), [...store, '--env', 'BOOK=two']),
  ]);
}

/** Sends changes to both servers, and expects that both watchers are notified of each, in order, and not of what watchers write. */
export async function expectBothTold(servers: readonly [ServeProcess, ServeProcess]): Promise<void> {
  const [one, two] = servers;
  await post(one, '/set?bucket=a&key=name', 'A');
  for (let n = 0; n < 5; n++) {
    await post(one, '/increment?bucket=a&key=n');
    await post(two, '/increment?bucket=a&key=n');
  }
  await post(two, '/delete?bucket=a&key=n');
  const counts = Array.from({ length: 10 }, (_, n) => `set n ${n + 1} in A`);
  const expected = ['set name A in A', ...counts, 'delete n in A'];
  for (const server of servers) {
    let lines: string[] = [];
    while (lines.length < expected.length) lines = (await post(server, '/told')).split('\n').slice(0, -1);
    expect(lines).toEqual(expected);
    expect(server.text.stderr).not.toMatch(/watcher:/);
  }
}

async function post({ url }: ServeProcess, path: string, body = ''): Promise<string> {
  const response = await fetch(`${url}${path}`, { method: 'POST', body });
  expect(response.status).toBe(200);
  return response.text();
}
