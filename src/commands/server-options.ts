import type { ServerOptions } from '../index.ts';
import type { OptionName, OptionValues } from '../options/table.ts';
import type { CliStreams } from './command.ts';
import { guestEnvironment } from './guest-environment.ts';
import { oneLine, print } from './print.ts';

/** What every command that runs guests can be told about them. */
export const GUEST_OPTIONS: readonly OptionName[] = [
  'bucket',
  'maxValue',
  'env',
  'envFile',
  'inheritEnv',
  'configVar',
  'dir',
  'allowOutbound',
  'denyOutbound',
  'maxMemory',
  'timeout',
  'cacheDir',
  'verbose',
];

/** What every command that listens can be told about who may connect. */
export const LISTEN_OPTIONS: readonly OptionName[] = [
  'addr',
  'allowHost',
  'allowOrigin',
  'publicUrl',
  'trustProxy',
  'maxConnections',
];

/** What every command that serves requests can be told beyond that. */
export const SERVER_OPTIONS: readonly OptionName[] = [
  'store',
  'durability',
  ...GUEST_OPTIONS,
  'isolation',
  'workers',
  'queue',
  'streamIdle',
  'drain',
  'maxBody',
  'mcp',
  'sessionOrder',
  'loggingPrefix',
];

/** A server as the options say; log lines go to stderr. */
export async function serverOptions(
  options: OptionValues,
  { stderr }: CliStreams,
): Promise<ServerOptions & { readonly env: Readonly<Record<string, string>> }> {
  return {
    store: options.store,
    durability: options.durability,
    storeLimits: { maxValue: options.maxValue, ...(options.bucket && { buckets: options.bucket }) },
    env: await guestEnvironment(options),
    config: Object.fromEntries(options.configVar ?? []),
    directories: options.dir ?? [],
    outgoing: { allow: options.allowOutbound ?? [], deny: options.denyOutbound ?? [] },
    ...(options.mcp !== undefined && { mcp: options.mcp }),
    sessionOrder: options.sessionOrder,
    loggingPrefix: options.loggingPrefix,
    isolation: options.isolation,
    workers: options.workers,
    queueLimit: options.queue,
    timeout: options.timeout,
    streamIdle: options.streamIdle,
    maxBody: options.maxBody,
    allowHosts: options.allowHost ?? [],
    allowOrigins: options.allowOrigin ?? [],
    ...(options.publicUrl !== undefined && { publicUrl: options.publicUrl }),
    trustProxy: options.trustProxy ?? false,
    log: (level, context, message) => print(stderr, `${oneLine(`${level}: ${context}: ${message}`)}\n`),
  };
}
