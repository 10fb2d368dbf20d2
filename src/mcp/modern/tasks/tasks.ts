import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { WasmcpError } from '../../../../host/index.ts';
import type { ClientMessage, JsonObject } from '../client-message.ts';
import { createHosts, type Hosts } from './hosts.ts';
import { TaskInputs } from './inputs.ts';
import { keyOf, TaskLedger } from './ledger.ts';
import { collectOutcome } from './outcome.ts';
import { LIMITS, TaskQuota } from './quota.ts';
import {
  describe,
  failed,
  isExpired,
  isOver,
  type Outcome,
  type TaskRecord,
  withInputs,
  withoutResponses,
  withResponses,
} from './record.ts';
import { RunningTasks } from './running.ts';
import type { NewTask, TasksOptions } from './types.ts';

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
  readonly #maxRunning: number;
  readonly #ledger: TaskLedger;
  readonly #quota: TaskQuota;
  readonly #hosts: Hosts;
  readonly #running: RunningTasks = new RunningTasks(
    () => void this.#look(),
    () => this.#hosts.leave(),
  );
  readonly #sweep: NodeJS.Timeout;
  #isClosing = false;

  constructor(options: TasksOptions) {
    const { store, leases, maxResult } = options;
    this.#options = options;
    const limits = { ...LIMITS, ...options.limits };
    this.#maxRunning = limits.running;
    this.#ledger = new TaskLedger(store, maxResult);
    this.#quota = new TaskQuota(this.#ledger, limits);
    this.#hosts = createHosts(store.leases, leases);
    this.#sweep = setInterval(() => void this.#removeExpired(), SWEEP).unref();
    void this.#removeExpired();
  }

  /**
   * Creates a task of a call in the store. `stop` stops its guest. Undefined if a limit is reached, or the store fails: then the call
   * remains a call.
   */
  async create(
    owner: string | undefined,
    message: ClientMessage,
    stop: () => void,
  ): Promise<NewTask | undefined> {
    if (this.#isClosing || this.#running.size >= this.#maxRunning) return undefined;
    const id = randomBytes(16).toString('base64url');
    const key = keyOf(owner, id);
    const inputs = this.#inputsOf(key, message);
    // From now on, what is in the store under this key is worked on.
    this.#running.add(key, { stop, respond: (name, response) => inputs.respond(name, response) });
    try {
      const record = await this.#quota.within(owner, () => this.#write(key));
      if (record !== undefined) return this.#begun(id, key, record, inputs);
    } catch (error) {
      this.#report('a call does not become a task', error);
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

  /** The client responds to what the guest has asked, on whichever host. Returns whether there is such a task. */
  async respond(owner: string | undefined, id: string, responses: JsonObject): Promise<boolean> {
    if ((await this.#find(owner, id)) === undefined) return false;
    const key = keyOf(owner, id);
    await this.#ledger.change(key, (record) => withResponses(record, responses, Date.now()));
    if (this.#running.has(key)) await this.#passResponses(key);
    return true;
  }

  /** Waits at most `limit` milliseconds for the tasks that run here; the others fail. There are no more afterwards. */
  async close(limit: number): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#sweep);
    await this.#running.empty(limit);
    const left = this.#running.keys();
    for (const key of left) this.#running.stop(key);
    await Promise.allSettled(left.map((key) => this.#ledger.end(key, STOPPED)));
  }

  async #write(key: string): Promise<TaskRecord> {
    await this.#hosts.join();
    const now = Date.now();
    const host = this.#hosts.own;
    const { kept } = this.#options;
    const record: TaskRecord = { host, status: 'working', created: now, updated: now, kept };
    await this.#ledger.create(key, record);
    return record;
  }

  #inputsOf(key: string, message: ClientMessage): TaskInputs {
    const { inputWait } = this.#options;
    return new TaskInputs({
      ...{ message, inputWait },
      ask: async (added) => {
        await this.#ledger.change(key, (record) => withInputs(record, added, Date.now()));
      },
    });
  }

  #begun(id: string, key: string, record: TaskRecord, inputs: TaskInputs): NewTask {
    return {
      created: { resultType: 'task', ...describe(id, record, record.created) },
      collector: collectOutcome((outcome) => void this.#settle(key, outcome)),
      discard: () => void this.#discard(key),
      inputRequired: (input) => inputs.required(input),
    };
  }

  /** A task that has ended, or that certainly is being worked on. */
  async #find(owner: string | undefined, id: string): Promise<TaskRecord | undefined> {
    if (!ID.test(id)) return undefined;
    const key = keyOf(owner, id);
    const record = await this.#ledger.read(key);
    if (record === undefined || isExpired(record, Date.now())) return undefined;
    if (isOver(record) || (await this.#isWorkedOn(key, record.host))) return record;
    return this.#ledger.end(key, LOST);
  }

  async #isWorkedOn(key: string, host: string): Promise<boolean> {
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

  /** Stops tasks that another host has ended, and takes what clients have sent there. */
  async #look(): Promise<void> {
    this.#hosts.stay();
    try {
      for await (const [key, record] of this.#ledger.readMany(this.#running.keys())) {
        // A client has cancelled it, or this host seemed to be dead.
        if (isOver(record)) this.#running.stop(key);
        else if (record.responses !== undefined) await this.#passResponses(key);
      }
    } catch (error) {
      requireExpected(error);
    }
  }

  /** Each response is taken once. */
  async #passResponses(key: string): Promise<void> {
    let taken: JsonObject = {};
    await this.#ledger.change(key, (record) => {
      taken = record.responses ?? {};
      return record.responses && withoutResponses(record);
    });
    for (const [name, response] of Object.entries(taken)) {
      this.#running.get(key)?.respond(name, response as JsonObject);
    }
  }

  async #removeExpired(): Promise<void> {
    const working: [key: string, host: string][] = [];
    try {
      await this.#ledger.sweep((key, record) => working.push([key, record.host]));
      for (const [key, host] of working) {
        if (!(await this.#isWorkedOn(key, host))) await this.#ledger.end(key, LOST);
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
