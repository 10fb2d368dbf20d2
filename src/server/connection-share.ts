import { shareDescriptors } from '../engine/limits/descriptors.ts';
import { systemLimits } from '../engine/limits/system.ts';

export interface ShareOptions {
  readonly workers?: number | undefined;
  readonly maxDescriptors?: number | undefined;
}

/** Client connections: as many as requested, or fewer when the process cannot have that many descriptors. */
export function connectionShare(options: ShareOptions, requested: number): number {
  const { workers = 1, maxDescriptors: guest = 256 } = options;
  return shareDescriptors({ files: systemLimits().files, workers, connections: requested, guest })
    .connections;
}
