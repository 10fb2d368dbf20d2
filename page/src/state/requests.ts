import type { RequestRecord } from '../api/types.ts';
import { onEvent } from './events.ts';
import { createSource, type Observable } from './observable.ts';
import { createSeconds } from './seconds.ts';

/** Requests that are kept, the newest first. */
const KEPT = 2000;
/** Milliseconds between two renderings: thousands of requests a second are no reason for as many. */
const INTERVAL = 200;

const kept = createSource<readonly RequestRecord[]>([]);
const paused = createSource(false);

/** Of all requests that this page was told of. */
export const seconds = createSeconds();

let arrived: RequestRecord[] = [];
let isWaiting = false;

export const requests: Observable<readonly RequestRecord[]> = kept;
export const isPaused: Observable<boolean> = paused;

/** Collects from the start of the page, so that the list is there when it is opened. */
export function collectRequests(): void {
  onEvent<RequestRecord>('request', (record) => {
    seconds.add(record);
    arrived.push(record);
    if (arrived.length > KEPT) arrived = arrived.slice(-KEPT);
    if (!isWaiting) setTimeout(show, INTERVAL);
    isWaiting = true;
  });
}

/** What arrives during a pause is shown after it. */
export function setPaused(value: boolean): void {
  paused.set(value);
  if (!value) show();
}

export function clearRequests(): void {
  arrived = [];
  kept.set([]);
}

function show(): void {
  isWaiting = false;
  if (paused.value || arrived.length === 0) return;
  kept.set([...arrived.reverse(), ...kept.value].slice(0, KEPT));
  arrived = [];
}
