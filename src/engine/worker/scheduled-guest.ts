import type { Guest, ThreadShare } from '../../../host/index.ts';
import type { GlueState } from '../../component/glue-state.ts';
import type { Task } from './run-queue.ts';
import type { Scheduler } from './scheduler.ts';

/** The share that an instance's guest has of its thread. A class, as each instance has one. */
export class ScheduledGuest implements Task, ThreadShare {
  used = 0;
  readonly #scheduler: Scheduler;
  #guest: Guest | undefined;
  #maySuspend: () => boolean = () => false;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** It is instantiated: from now on it can be suspended. */
  connect(guest: Guest, glue: GlueState | undefined): void {
    this.#guest = guest;
    this.#maySuspend = () => glue?.maySuspend ?? true;
  }

  begin(): void {
    this.used = 0;
    this.#scheduler.begin(this);
  }

  isDue(): boolean {
    return this.#scheduler.isDue(this) && this.#maySuspend();
  }

  next(): Promise<void> {
    return this.#scheduler.next(this);
  }

  isEnding(): boolean {
    return this.#guest?.ended !== undefined;
  }

  /** Its request is over. */
  finish(): void {
    this.#scheduler.finish(this);
  }
}
