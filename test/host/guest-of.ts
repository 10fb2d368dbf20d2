import { type Binding, createBudget, createHost, Guest, type HostOptions } from '../../host/index.ts';
import { testSink } from './streams.ts';

export const MIB = 1_048_576;

export function guestOf(limit: number, options: HostOptions = {}): { guest: Guest; bind: Binding } {
  const guest = new Guest(undefined, createBudget({ limit }));
  return { guest, bind: createHost(options).bind(guest, { stdout: testSink(), stderr: testSink() }) };
}
