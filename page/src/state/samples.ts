import type { Sample } from '../api/types.ts';
import { onEvent } from './events.ts';
import { createSource, type Observable } from './observable.ts';

/** Five minutes. */
const KEPT = 300;

const kept = createSource<readonly Sample[]>([]);

/** What the server measured each second, the oldest first. */
export const samples: Observable<readonly Sample[]> = kept;

export function collectSamples(): void {
  onEvent<Sample>('sample', (sample) => kept.set([...kept.value.slice(1 - KEPT), sample]));
}
