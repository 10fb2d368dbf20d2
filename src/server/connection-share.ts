import { shareDescriptors } from '../process/limits/descriptors.ts';
import { systemLimits } from '../process/limits/system.ts';
import type { ServerSettings } from './options.ts';

type ConnectionSettings = Pick<ServerSettings, 'workers' | 'maxDescriptors' | 'maxConnections'>;

/** Client connections: as many as requested, or fewer when the process cannot have that many descriptors. */
export function connectionShare({ workers, maxDescriptors, maxConnections }: ConnectionSettings): number {
  const { files } = systemLimits();
  return shareDescriptors({ files, workers, connections: maxConnections, guest: maxDescriptors }).connections;
}
