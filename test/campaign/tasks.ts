import { setTimeout as delay } from 'node:timers/promises';
import { callForTask, type Task, taskRequest } from '../support/tasks.ts';
import { createRandom, type Random } from './random.ts';
import { type ServedStore, serveStore } from './server.ts';

export interface TasksSettings {
  readonly store: string;
  readonly cycles: number;
  readonly seed: number;
  readonly clients: number;
  readonly progress?: (line: string) => void;
}

export interface TasksReport {
  readonly cycles: number;
  /** Tasks that clients got. */
  readonly acknowledged: number;
  /** How they have ended. */
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Acknowledged tasks that no host knows afterwards. */
  readonly unknown: number;
  /** Completed tasks without the result of their call. */
  readonly withoutResult: number;
  /** Tasks that are reported as running after their host was killed. */
  readonly unfinished: number;
  /** Tasks that have ended, and later had another end. */
  readonly changed: number;
  /**
   * Tasks that have failed although their host lives, or were cancelled although nobody has cancelled them. The progress says why: on
   * a machine that is too busy, time limits of the engine and of the store.
   */
  readonly unfounded: number;
  /** Tasks whose host was taken for dead, because the machine was too busy for a sign of life within five seconds. */
  readonly lapsed: number;
  /** Tasks that nobody could look at while they were kept, because the machine was too busy. */
  readonly expired: number;
}

type Figures = { -readonly [K in keyof TasksReport]: number };

/** A task that a client got. */
interface Acknowledged {
  readonly id: string;
  readonly host: number;
  readonly label: string;
  /** When the client got it. */
  readonly since: number;
  isCancelled: boolean;
  end: Task | undefined;
}

const HOSTS = 2;

/** Milliseconds that tasks are kept: longer than a cycle, but the store keeps a limited number of them. */
const KEPT = 120_000;

const OPTIONS: readonly string[] = [
  ...['--mcp=guide', '--task-after=20ms', `--task-ttl=${KEPT}ms`, '--store-wait=60s'],
];

/** Why tasks of dead hosts have failed. */
const LOST = 'the host that ran the task has ended';

/** Milliseconds within which every task must have ended after a kill; the lease of a host lives for five seconds. */
const PATIENCE = 30_000;

/**
 * Repeatedly, with one store: clients start, read and cancel tasks on two hosts, one of which is killed at a random moment. Then all
 * acknowledged tasks are compared with what the hosts say.
 */
export async function tasksCampaign(settings: TasksSettings): Promise<TasksReport> {
  const { cycles, progress } = settings;
  const random = createRandom(settings.seed);
  const hosts = await Promise.all(Array.from({ length: HOSTS }, () => startHost(settings.store)));
  const figures: Figures = {
    ...{ cycles, acknowledged: 0, completed: 0, failed: 0, cancelled: 0 },
    ...{ unknown: 0, withoutResult: 0, unfinished: 0, changed: 0, unfounded: 0, lapsed: 0, expired: 0 },
  };
  try {
    for (let cycle = 1; cycle <= cycles; cycle++) {
      const load = new Load(hosts, random, `${cycle}`);
      const clients = Array.from({ length: settings.clients }, () => load.run());
      await delay(random.whole(50, 1500));
      const killed = random.whole(0, HOSTS - 1);
      hosts[killed]!.child.kill('SIGKILL');
      await hosts[killed]!.ended;
      load.isOver = true;
      const [restarted] = await Promise.all([startHost(settings.store), ...clients]);
      hosts[killed] = restarted;
      const errors = new Set<string>();
      await Promise.all(load.tasks.map((task) => judge(task, hosts, random, killed, figures, errors)));
      for (const error of errors) progress?.(`${cycle}/${cycles}: a task failed: ${error}`);
      figures.acknowledged += load.tasks.length;
      progress?.(`${cycle}/${cycles}: ${JSON.stringify(figures)}`);
    }
  } finally {
    for (const { child, ended } of hosts) {
      child.kill('SIGKILL');
      await ended;
    }
  }
  return figures;
}

function startHost(store: string): Promise<ServedStore> {
  return serveStore({ store, durability: 'power', component: 'notes-draft', options: OPTIONS });
}

/** Clients of two hosts, one of which may not respond. */
class Load {
  isOver = false;
  readonly tasks: Acknowledged[] = [];
  readonly #hosts: readonly ServedStore[];
  readonly #random: Random;
  readonly #name: string;
  #count = 0;

  constructor(hosts: readonly ServedStore[], random: Random, name: string) {
    this.#hosts = [...hosts];
    this.#random = random;
    this.#name = name;
  }

  async run(): Promise<void> {
    while (!this.isOver) {
      // A host that was killed does not respond: nothing is acknowledged.
      await this.#step().catch(() => delay(10));
    }
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const kind = random.next();
    if (kind < 0.6 || this.tasks.length === 0) return this.#start();
    const task = random.pick(this.tasks);
    const { url } = random.pick(this.#hosts);
    if (kind < 0.7) {
      task.isCancelled = true;
      await taskRequest(url, 'cancel', task.id);
      return;
    }
    const { body } = await taskRequest(url, 'get', task.id);
    if (body.result !== undefined && body.result.status !== 'working') task.end ??= body.result;
  }

  async #start(): Promise<void> {
    const host = this.#random.whole(0, this.#hosts.length - 1);
    this.#count += 1;
    const label = `${this.#name}.${this.#count}`;
    const seconds = this.#random.whole(30, 800) / 1000;
    const { body } = await callForTask(this.#hosts[host]!.url, 'slow_compute', { seconds, label });
    if (body.result?.resultType !== 'task') return;
    const since = performance.now();
    this.tasks.push({ id: body.result.taskId, host, label, since, isCancelled: false, end: undefined });
  }
}

async function judge(
  task: Acknowledged,
  hosts: readonly ServedStore[],
  random: Random,
  killed: number,
  figures: Figures,
  errors: Set<string>,
): Promise<void> {
  const found = await endOf(task, hosts, random);
  if (found === 'unknown' || found === 'unfinished') {
    const isLate = found === 'unknown' && performance.now() - task.since > KEPT;
    figures[isLate ? 'expired' : found] += 1;
    return;
  }
  const { status, result } = found;
  if (status === 'completed' || status === 'failed' || status === 'cancelled') figures[status] += 1;
  const isRight = result?.content[0]?.text.startsWith(`computed ${task.label} for `) ?? false;
  if (status === 'completed' && !isRight) figures.withoutResult += 1;
  if (task.end !== undefined && JSON.stringify(task.end) !== JSON.stringify(found)) figures.changed += 1;
  if (status === 'failed' && task.host !== killed) {
    const { message = '' } = found.error ?? {};
    figures[message === LOST ? 'lapsed' : 'unfounded'] += 1;
    errors.add(message);
  }
  if (status === 'cancelled' && !task.isCancelled) figures.unfounded += 1;
}

/** What some host says, until the task has ended. */
async function endOf(
  task: Acknowledged,
  hosts: readonly ServedStore[],
  random: Random,
): Promise<Task | 'unknown' | 'unfinished'> {
  const until = performance.now() + PATIENCE;
  while (performance.now() < until) {
    // A host may refuse a request while its store is slow.
    const found = await taskRequest(random.pick(hosts).url, 'get', task.id).catch(() => undefined);
    const { result, error } = found?.body ?? {};
    if (error?.code === -32602) return 'unknown';
    if (result !== undefined && result.status !== 'working') return result;
    await delay(50);
  }
  return 'unfinished';
}
