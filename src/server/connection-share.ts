import { shareDescriptors } from '../process/limits/descriptors.ts';
import { systemLimits } from '../process/limits/system.ts';
import type { ServerSettings } from './options.ts';

type ConnectionSettings = Pick<
  ServerSettings,
  'workers' | 'maxWorkers' | 'maxDescriptors' | 'maxConnections'
>;

/** Client connections: as many as requested, or fewer when the process cannot have that many descriptors. */
export function connectionShare({ maxDescriptors, maxConnections, ...settings }: ConnectionSettings): number {
  const { files } = systemLimits();
  const workers = Math.max(settings.workers, settings.maxWorkers ?? 0);
  return shareDescriptors({ files, workers, connections: maxConnections, guest: maxDescriptors }).connections;
}
