import { createCalls } from '../network/calls.ts';
import type { StoreMetrics } from '../network/metrics.ts';
import { Lost, Postponed, unavailable, within } from '../network/outcomes.ts';
import { isFenced, redisFailure } from './errors.ts';
import type { Place } from './layout.ts';
import { type Link, type Reply, Reported, type Word } from './link.ts';
import type { Script } from './scripts.ts';
import type { Server } from './server.ts';
import type { ServerLink } from './server-link.ts';
import type { Topology } from './topology.ts';
import { addressOf, DEFAULT_PORT } from './url.ts';

/** A script with its keys and arguments, or the words of a command. */
export interface Command {
  readonly script?: Script;
  readonly keys?: readonly string[];
  readonly words: readonly Word[];
}

/** Runs the commands of a store, each on one place and within the store's timeout. */
export interface Runner {
  /** Runs a command that only reads, and repeats it if the connection is lost. */
  read(place: Place, command: Command): Promise<Reply>;
  /** Runs a command that writes; fails with `store-outcome-unknown` if the connection is lost after it was sent. */
  write(place: Place, command: Command): Promise<Reply>;
  /** Runs a command that writes and is safe to repeat: it is, if the connection is lost. */
  step(place: Place, command: Command): Promise<Reply>;
  /** For calls that need no command. @throws WasmcpError `store-closed` */
  requireOpen(): Promise<void>;
  /** Runs `work` with a connection to each server that has keys, one after another. */
  onEachServer(work: (send: Link['send']) => Promise<void>): Promise<void>;
  /** Waits for calls in progress; every later call fails with `store-closed`. */
  close(): Promise<void>;
  metrics(): StoreMetrics;
}

/** Maximum number of redirections of one call; each follows a change of the cluster. */
const REDIRECTIONS = 8;

/** Errors of a server that is no longer responsible for the keys. */
const MOVED_ON: ReadonlySet<string> = new Set(['READONLY', 'MASTERDOWN', 'CLUSTERDOWN', 'LOADING']);

export interface RunnerParts {
  readonly topology: Topology;
  readonly url: string;
  /** Milliseconds for a call. */
  readonly timeout: number;
}

export function createRunner({ topology, url, timeout }: RunnerParts): Runner {
  const calls = createCalls(url, timeout);
  const running = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;

  async function attempt(place: Place, command: Command, deadline: number): Promise<Reply> {
    let asked: Server | undefined;
    for (let redirections = 0; ; redirections += 1) {
      const link = await acquire(place, asked, deadline);
      try {
        const reply = asked === undefined ? run(link, command) : ask(link, command);
        return await within(reply, deadline - performance.now());
      } catch (error) {
        // A late reply would delay those of later commands, so no further command is sent on this connection.
        if (error instanceof Lost) link.retire();
        if (!(error instanceof Reported)) throw error;
        // The slot is on its way, and only some of its keys have arrived.
        if (error.kind === 'TRYAGAIN') throw new Postponed(error.message, { cause: error });
        if (MOVED_ON.has(error.kind)) {
          link.retire();
          topology.outdated();
        }
        if (isFenced(error)) throw error;
        const [, slot, to] = /^(?:MOVED|ASK) (\d+) (\S+)/.exec(error.message) ?? [];
        if (slot === undefined) throw redisFailure(error, url);
        if (redirections >= REDIRECTIONS) throw unavailable(url, 'it redirects without an end', error);
        // Nothing was executed. `ASK` is for this call only: the slot is on its way.
        asked = error.kind === 'ASK' ? topology.serverAt(addressOf(to!, DEFAULT_PORT)) : undefined;
        if (asked === undefined) await topology.refresh();
      }
    }
  }

  /** Nothing was sent yet if this fails. */
  async function acquire(place: Place, asked: Server | undefined, deadline: number): Promise<ServerLink> {
    const work = async (): Promise<ServerLink> => (asked ?? (await topology.serverFor(place))).acquire();
    try {
      return await within(work(), deadline - performance.now());
    } catch (error) {
      topology.outdated();
      throw redisFailure(error, url);
    }
  }

  /** Lets `close` wait for a call. */
  async function counted<T>(call: Promise<T>): Promise<T> {
    running.add(call);
    try {
      return await call;
    } finally {
      running.delete(call);
    }
  }

  return {
    read: (place, command) => counted(calls.read((deadline) => attempt(place, command, deadline))),
    write: (place, command) => counted(calls.write((deadline) => attempt(place, command, deadline))),
    step: (place, command) => counted(calls.read((deadline) => attempt(place, command, deadline))),
    requireOpen: () => calls.read(async () => {}),
    async onEachServer(work) {
      for (const server of await topology.servers()) {
        const link = await server.acquire();
        await work((words) =>
          counted(calls.read((deadline) => within(link.send(words), deadline - performance.now()))),
        );
      }
    },
    close() {
      calls.close();
      closing ??= Promise.allSettled(running).then(() => topology.close());
      return closing;
    },
    metrics: () => ({ connections: topology.metrics(), calls: calls.metrics() }),
  };
}

/** In a slot that is on its way, a server runs nothing but the command after this one. */
function ask(link: Link, { script, keys = [], words }: Command): Promise<Reply> {
  // Without an await in between.
  link.send(['ASKING']).catch(() => {});
  return link.send(
    script === undefined ? words : ['EVAL', script.source, String(keys.length), ...keys, ...words],
  );
}

async function run(link: Link, { script, keys = [], words }: Command): Promise<Reply> {
  if (script === undefined) return link.send(words);
  const rest = [String(keys.length), ...keys, ...words];
  const suffix = script.isRead ? '_RO' : '';
  try {
    return await link.send([`EVALSHA${suffix}`, script.sha, ...rest]);
  } catch (error) {
    // The server was restarted; nothing was executed.
    if (!(error instanceof Reported && error.kind === 'NOSCRIPT')) throw error;
    return link.send([`EVAL${suffix}`, script.source, ...rest]);
  }
}
