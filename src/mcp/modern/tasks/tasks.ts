import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type LeaseHolder, type Store, WasmcpError } from '../../../../host/index.ts';
import type { ResponseWriter } from '../../../http/response.ts';
import type { JsonObject } from '../client-message.ts';
import { createHosts, type Hosts } from './hosts.ts';
import { keyOf, TaskLedger } from './ledger.ts';
import { collectOutcome } from './outcome.ts';
import { describe, failed, isExpired, isOver, type Outcome, type TaskRecord } from './record.ts';
import { RunningTasks } from './running.ts';

export interface TasksOptions {
  readonly store: Store;
  /** For the life of this host; undefined if no other program can use the store. */
  readonly leases: LeaseHolder | undefined;
  /** Milliseconds that a task is kept after its end. */
  readonly kept: number;
  /** Maximum number of bytes of a result. */
  readonly maxResult: number;
  readonly log: (level: string, context: string, message: string) => unknown;
  readonly limits?: Partial<TaskLimits>;
}

/** How many tasks there can be. A call above a limit stays a call. */
export interface TaskLimits {
  /** Tasks that run on this host. */
  readonly running: number;
  /** Tasks of one principal that are kept in the store. */
  readonly ofPrincipal: number;
  /** Tasks of all clients without a principal that are kept in the store. */
  readonly ofOthers: number;
}

/** A call that has become a task, for the host that runs it. */
export interface NewTask {
  /** What its client gets (SEP-2663, "Task Creation"). */
  readonly created: JsonObject;
  /** Where the guest's response goes. */
  readonly collector: ResponseWriter;
  /** The client did not get the task: it never was. */
  discard(): void;
}

const MAX_RUNNING = 1000;
const MAX_OF_PRINCIPAL = 100;
const MAX_OF_OTHERS = 1000;
const LIMITS: TaskLimits = { running: MAX_RUNNING, ofPrincipal: MAX_OF_PRINCIPAL, ofOthers: MAX_OF_OTHERS };

/** Milliseconds between two attempts to store how a task has ended. */
const RETRY = 1000;

/** Milliseconds between two removals of expired tasks. */
const SWEEP = 60_000;

const LOST = failed('the host that ran the task has ended');
const STOPPED = failed('the server was stopped before the task had ended');
const CANCELLED: Outcome = { status: 'cancelled', message: 'the client has cancelled the task' };

/** 128 random bits in base64url. */
const ID = /^[\w-]{22}$/;

/** Tasks of clients, in a store that other hosts may use as well. */
export class Tasks {
  readonly #options: TasksOptions;
  readonly #limits: TaskLimits;
  readonly #ledger: TaskLedger;
  readonly #hosts: Hosts;
  readonly #running = new RunningTasks(() => void this.#stopEnded());
  /** By owner: tasks that are being created. */
  readonly #creating = new Map<string | undefined, number>();
  readonly #sweep: NodeJS.Timeout;
  #isClosing = false;

  constructor(options: TasksOptions) {
    const { store, leases, maxResult } = options;
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#ledger = new TaskLedger(store, maxResult);
    this.#hosts = createHosts(store.leases, leases);
    this.#sweep = setInterval(() => void this.#removeExpired(), SWEEP).unref();
    void this.#removeExpired();
  }

  /**
   * Creates a task in the store. `stop` stops its guest. Undefined if a limit is reached, or the store fails: then the call
   * remains a call.
   */
  async create(owner: string | undefined, stop: () => void): Promise<NewTask | undefined> {
    if (this.#isClosing || this.#running.size >= this.#limits.running) return undefined;
    const id = randomBytes(16).toString('base64url');
    const key = keyOf(owner, id);
    // From now on, what is in the store under this key is worked on.
    this.#running.add(key, stop);
    const before = this.#creating.get(owner) ?? 0;
    this.#creating.set(owner, before + 1);
    try {
      const record = await this.#write(owner, key, before);
      if (record !== undefined) return this.#begun(id, key, record);
    } catch (error) {
      this.#report('a call does not become a task', error);
    } finally {
      const left = this.#creating.get(owner)! - 1;
      if (left === 0) this.#creating.delete(owner);
      else this.#creating.set(owner, left);
    }
    this.#running.delete(key);
    return undefined;
  }

  /** The task as its owner sees it; undefined if there is none, or it has expired. */
  async get(owner: string | undefined, id: string): Promise<JsonObject | undefined> {
    const record = await this.#find(owner, id);
    if (record === undefined) return undefined;
    const shown = describe(id, record, Date.now());
    if (record.status !== 'completed') return shown;
    return { ...shown, result: await this.#ledger.result(keyOf(owner, id)) };
  }

  /** Ends a task that runs, on whichever host. Returns whether there is such a task. */
  async cancel(owner: string | undefined, id: string): Promise<boolean> {
    const record = await this.#find(owner, id);
    if (record === undefined) return false;
    if (isOver(record)) return true;
    const key = keyOf(owner, id);
    await this.#ledger.end(key, CANCELLED);
    this.#running.stop(key);
    return true;
  }

  async has(owner: string | undefined, id: string): Promise<boolean> {
    return (await this.#find(owner, id)) !== undefined;
  }

  /** Waits at most `limit` milliseconds for the tasks that run here; the others fail. There are no more afterwards. */
  async close(limit: number): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#sweep);
    await this.#running.empty(limit);
    const left = this.#running.keys();
    for (const key of left) this.#running.stop(key);
    await Promise.allSettled(left.map((key) => this.#ledger.end(key, STOPPED)));
    this.#hosts.leave();
  }

  async #write(owner: string | undefined, key: string, before: number): Promise<TaskRecord | undefined> {
    const most = owner === undefined ? this.#limits.ofOthers : this.#limits.ofPrincipal;
    if ((await this.#ledger.count(owner, most)) + before >= most) return undefined;
    await this.#hosts.join();
    const now = Date.now();
    const { kept } = this.#options;
    const record: TaskRecord = {
      host: this.#hosts.own,
      status: 'working',
      created: now,
      updated: now,
      kept,
    };
    await this.#ledger.create(key, record);
    return record;
  }

  #begun(id: string, key: string, record: TaskRecord): NewTask {
    return {
      created: { resultType: 'task', ...describe(id, record, record.created) },
      collector: collectOutcome((outcome) => void this.#settle(key, outcome)),
      discard: () => void this.#discard(key),
    };
  }

  /** A task that has ended, or that certainly is being worked on. */
  async #find(owner: string | undefined, id: string): Promise<TaskRecord | undefined> {
    if (!ID.test(id)) return undefined;
    const key = keyOf(owner, id);
    const record = await this.#ledger.read(key);
    if (record === undefined || isExpired(record, Date.now())) return undefined;
    if (isOver(record) || (await this.#isWorkedOn(key, record))) return record;
    return this.#ledger.end(key, LOST);
  }

  async #isWorkedOn(key: string, { host }: TaskRecord): Promise<boolean> {
    // What has ended here since the record was read has ended in the store, too, and cannot end again.
    return host === this.#hosts.own ? this.#running.has(key) : this.#hosts.isAlive(host);
  }

  /** Stores how the task has ended, as soon as the store lets it. */
  async #settle(key: string, outcome: Outcome): Promise<void> {
    while (this.#running.has(key)) {
      try {
        await this.#ledger.end(key, outcome);
        this.#running.delete(key);
      } catch (error) {
        this.#report('the end of a task is not stored yet', error);
        await delay(RETRY, undefined, { ref: false });
      }
    }
  }

  async #discard(key: string): Promise<void> {
    this.#running.delete(key);
    try {
      await this.#ledger.remove([key]);
    } catch (error) {
      this.#report('a task that no client knows of is left', error);
    }
  }

  /** Stops tasks that another host has ended: a client has cancelled them there, or this host seemed to be dead. */
  async #stopEnded(): Promise<void> {
    this.#hosts.stay();
    const keys = this.#running.keys();
    try {
      const records = await this.#ledger.readMany(keys);
      for (const [i, record] of records.entries()) {
        if (record !== undefined && isOver(record)) this.#running.stop(keys[i]!);
      }
    } catch (error) {
      requireExpected(error);
    }
  }

  async #removeExpired(): Promise<void> {
    const working: [key: string, record: TaskRecord][] = [];
    try {
      await this.#ledger.sweep((key, record) => working.push([key, record]));
      for (const [key, record] of working) {
        if (!(await this.#isWorkedOn(key, record))) await this.#ledger.end(key, LOST);
      }
    } catch (error) {
      requireExpected(error);
    }
  }

  #report(what: string, error: unknown): void {
    requireExpected(error);
    void this.#options.log('warn', 'tasks', `${what}: ${error.message}`);
  }
}

/** A failing store reports itself. */
function requireExpected(error: unknown): asserts error is WasmcpError {
  if (!(error instanceof WasmcpError)) throw error;
}
