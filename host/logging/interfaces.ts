import type { Interfaces } from '../interfaces.ts';
import type { HostOptions } from '../options.ts';
import { logging } from './logging.ts';

/** The interface of `wasi:logging`. */
export function loggingInterfaces({ log }: HostOptions): Interfaces {
  return { 'wasi:logging/logging@0.1.0-draft': (guest) => logging(guest, log) };
}
