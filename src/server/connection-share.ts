import { shareDescriptors } from '../engine/limits/descriptors.ts';
import { systemLimits } from '../engine/limits/system.ts';

export interface ConnectionWishes {
  readonly workers?: number | undefined;
  readonly maxDescriptors?: number | undefined;
}

/** Connections of clients: as many as were asked for, or as the process can have besides what it needs itself. */
export function connectionShare(options: ConnectionWishes, wished: number): number {
  const { workers = 1, maxDescriptors: guest = 256 } = options;
  return shareDescriptors({ files: systemLimits().files, workers, connections: wished, guest }).connections;
}
