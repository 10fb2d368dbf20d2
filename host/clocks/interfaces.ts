import { type Interfaces, shared } from '../interfaces.ts';
import { monotonicClock } from './monotonic-clock.ts';
import { wallClock } from './wall-clock.ts';

/** The interfaces of `wasi:clocks`. */
export const clocksInterfaces: Interfaces = {
  'wasi:clocks/monotonic-clock@0.2': monotonicClock,
  'wasi:clocks/wall-clock@0.2': shared(wallClock),
};
