import type { Descriptor } from '../../../host/filesystem/descriptor.ts';
import { createHost, type Guest, type HostOptions } from '../../../host/index.ts';
import { testSink } from '../streams.ts';

/** The first preopened folder of a guest, and its name. */
export function preopened(guest: Guest, options: HostOptions): [Descriptor, string] {
  const binding = createHost(options).bind(guest, { stdout: testSink(), stderr: testSink() });
  const preopens = binding('wasi:filesystem/preopens@0.2.6') as unknown as {
    getDirectories(): [Descriptor, string][];
  };
  return preopens.getDirectories()[0]!;
}
