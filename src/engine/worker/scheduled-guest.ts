import type { Guest, ThreadShare } from '../../../host/index.ts';
import type { GlueState } from '../../component/glue-state.ts';
import type { Questions } from '../../metering/meter.ts';
import type { TimeLimits } from '../protocol/time-limits.ts';
import { GuestDeadline } from './guest-deadline.ts';
import { Quantum } from './quantum.ts';
import type { Task } from './run-queue.ts';
import type { Scheduler } from './scheduler.ts';

const TRAP = -1;
const WAIT = 0;

/**
 * The share that an instance's guest has of its thread. Host functions that may wait ask it (`ThreadShare`), and so does the
 * guest's own code (`Questions`). A class, as each instance has one.
 */
export class ScheduledGuest implements Task, ThreadShare, Questions {
  id = -1;
  used = 0;
  /** It was ended because its time was over. */
  overdue = false;
  readonly deadline: GuestDeadline;
  readonly #scheduler: Scheduler;
  readonly #quantum = new Quantum();
  #guest: Guest | undefined;
  #glue: GlueState | undefined;

  constructor(scheduler: Scheduler, limits: TimeLimits) {
    this.#scheduler = scheduler;
    this.deadline = new GuestDeadline(limits);
  }

  /** It is instantiated: from now on it can be suspended. With raw glue, only in host functions. */
  connect(guest: Guest, glue: GlueState | undefined): void {
    this.#guest = guest;
    this.#glue = glue;
  }

  /** The guest is about to begin this request, which is due at this time. */
  accept(id: number, due: number): void {
    this.id = id;
    this.deadline.begin(due);
  }

  begin(): void {
    this.used = 0;
    this.overdue = false;
    this.#quantum.interrupt();
    this.#scheduler.begin(this);
  }

  isDue(): boolean {
    return this.#scheduler.isDue(this) && this.#guest !== undefined && (this.#glue?.maySuspend ?? true);
  }

  next(): Promise<void> {
    this.#quantum.interrupt();
    return this.#scheduler.next(this);
  }

  tick(): number {
    const now = performance.now();
    if (this.#mustEnd(now)) return TRAP;
    const quantum = this.#quantum.next(now);
    return this.#scheduler.isDue(this) && this.#glue?.mayInterrupt === true ? WAIT : quantum;
  }

  async wait(): Promise<number> {
    await this.#scheduler.next(this);
    const now = performance.now();
    this.#quantum.resume(now);
    return this.#mustEnd(now) ? TRAP : this.#quantum.units;
  }

  cannotWait(): number {
    this.#scheduler.withdraw(this);
    return this.#quantum.units;
  }

  isEnding(): boolean {
    return this.#guest?.ended !== undefined;
  }

  /** Its request is over. */
  finish(): void {
    this.#scheduler.finish(this);
  }

  #mustEnd(now: number): boolean {
    if (this.isEnding()) return true;
    if (now < this.deadline.due) return false;
    this.overdue = true;
    return true;
  }
}
