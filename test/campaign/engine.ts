import { hasPostgres, startPostgres } from '../support/postgres.ts';
import { REDIS, startRedis, VALKEY_9 } from '../support/redis.ts';
import { createDisk, type Disk } from './disk.ts';

/** An engine that several hosts use. */
export interface Engine {
  readonly url: string;
  /** What a crash leaves. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export interface StartedEngine extends Engine {
  /** Writes to its disk what it has, as far as hosts cannot work without it. */
  flush(): void;
  /** Cuts the power of its machine, and leaves what its disk has. Only if it has a disk of its own. */
  cutPower(): Promise<void>;
  close(): Promise<void>;
}

export type EngineName = 'postgres' | 'redis' | 'valkey';

export interface EngineSettings {
  /** Whether it acknowledges what its disk does not have yet. */
  readonly isWeak?: boolean;
  /** On a disk of its own, whose power can be cut. */
  readonly hasDisk?: boolean;
}

/** Why the engine cannot be started on this machine; undefined if it can. */
export function noEngine(name: EngineName): string | undefined {
  const found = { postgres: hasPostgres, redis: REDIS.path, valkey: VALKEY_9.path }[name];
  return found ? undefined : `needs ${name}`;
}

export function engineName(text: string): EngineName {
  if (text === 'postgres' || text === 'redis' || text === 'valkey') return text;
  throw new Error(`${text} is not postgres, redis or valkey`);
}

/** The part of an engine that campaigns use. */
interface Server extends Engine {
  flush(): void;
  /** Stops it without ending it. */
  freeze(): void;
  close(): Promise<void>;
}

export async function startEngine(
  name: EngineName,
  { isWeak = false, hasDisk = false }: EngineSettings = {},
): Promise<StartedEngine> {
  const disk = hasDisk ? createDisk(1024) : undefined;
  try {
    const server = await startServer(name, isWeak, disk?.folder);
    return {
      ...server,
      cutPower: () => cutPower(server, disk!),
      async close() {
        await server.close();
        disk?.destroy();
      },
    };
  } catch (error) {
    disk?.destroy();
    throw error;
  }
}

/** The server is stopped before the cut, because after a real one no process acknowledges anything; see `powercut.ts`. */
async function cutPower(server: Server, disk: Disk): Promise<void> {
  server.freeze();
  disk.cut();
  await server.kill();
  disk.restart();
}

async function startServer(name: EngineName, isWeak: boolean, folder: string | undefined): Promise<Server> {
  if (name === 'postgres') {
    const postgres = await startPostgres(isWeak ? ['synchronous_commit=off'] : [], folder);
    return { ...postgres, url: postgres.url(), flush: () => void postgres.sql('CHECKPOINT') };
  }
  const settings = { appendfsync: isWeak ? 'everysec' : 'always' };
  const redis = await startRedis(name === 'redis' ? REDIS : VALKEY_9, settings, [], folder);
  // Without its keys a store on Redis is empty, but usable.
  return { ...redis, url: redis.url(), flush() {}, kill: () => redis.stop('SIGKILL') };
}
