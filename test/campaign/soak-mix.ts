import { callTool, initialize, rpc } from '../support/mcp.ts';
import type { Random } from './random.ts';

/** One step of a client; returns what went wrong, if anything did. */
export type Step = (url: string, random: Random) => Promise<string | undefined>;

/** The steps of the clients of one component, and how often of a hundred times each is done. */
export interface Mix {
  readonly component: string;
  readonly steps: readonly { readonly share: number; readonly step: Step }[];
}

const MEGABYTE = 1024 * 1024;

/** Sends a GET and reads the whole response, which must have this status and length, if given. */
function get(path: string, status: number, bytes?: number): Step {
  return async (url) => {
    const response = await fetch(url + path);
    const { byteLength } = await response.arrayBuffer();
    const isRight = response.status === status && (bytes ?? byteLength) === byteLength;
    return isRight ? undefined : `${path} answered ${response.status} with ${byteLength} bytes`;
  };
}

async function session(url: string): Promise<string | undefined> {
  const id = await initialize(url);
  for (const count of ['1', '2', '3']) {
    const counted = await callTool(url, id, 'counter');
    if (counted !== count) return `a session counted ${counted} instead of ${count}`;
  }
  await callTool(url, id, 'cart_add', { item: 'x'.repeat(1000) });
  await callTool(url, id, 'total');
  await callTool(url, id, 'end_session');
  const { status } = await rpc(url, 'tools/list', {}, id);
  return status === 404 ? undefined : `an ended session answered ${status}`;
}

async function upload(url: string, random: Random): Promise<string | undefined> {
  const body = new Uint8Array(random.whole(1, 2 * MEGABYTE)).fill(random.whole(0, 255));
  const response = await fetch(`${url}/echo?raw`, { method: 'POST', body });
  const echoed = new Uint8Array(await response.arrayBuffer());
  const isSame = echoed.length === body.length && echoed.every((byte) => byte === body[0]);
  return isSame ? undefined : `${body.length} bytes came back as ${echoed.length}`;
}

/** Reads the first bytes of a large body, and disconnects. */
async function leaveResponse(url: string): Promise<undefined> {
  const response = await fetch(`${url}/big?bytes=${8 * MEGABYTE}`);
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
}

/** Sends the first bytes of a body, and disconnects. */
async function leaveRequest(url: string): Promise<undefined> {
  const leaving = new AbortController();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(100_000)),
    // More is requested once the first bytes were taken.
    pull: () => leaving.abort(),
  });
  const init = { method: 'POST', body, duplex: 'half', signal: leaving.signal };
  await fetch(`${url}/echo`, init as RequestInit).catch(() => {});
}

export const MIXES: readonly Mix[] = [
  { component: 'notes-draft', steps: [{ share: 100, step: session }] },
  {
    component: 'misbehave',
    steps: [
      { share: 70, step: get('/ok', 200, 2) },
      { share: 10, step: get('/trap', 500) },
      { share: 10, step: get('/leak?n=50', 200) },
      { share: 5, step: get('/grow?mib=8', 200) },
      { share: 5, step: get('/exit?code=1', 500) },
    ],
  },
  {
    component: 'http-lab',
    steps: [
      { share: 40, step: get('/globals', 200, 1) },
      { share: 20, step: upload },
      { share: 15, step: get('/stream?n=10&ms=5&size=1000', 200, 10_000) },
      { share: 10, step: get(`/big?bytes=${4 * MEGABYTE}`, 200, 4 * MEGABYTE) },
      { share: 10, step: leaveResponse },
      { share: 5, step: leaveRequest },
    ],
  },
];

/** Chooses one of the steps, with the probability of its share. */
export function pickStep({ steps }: Mix, random: Random): Step {
  let left = random.whole(1, 100);
  for (const { share, step } of steps) {
    left -= share;
    if (left <= 0) return step;
  }
  throw new TypeError('the shares are less than 100 in all');
}
