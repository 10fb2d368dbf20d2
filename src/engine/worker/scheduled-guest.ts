import type { Guest, ThreadShare } from '../../../host/index.ts';
import type { GlueState } from '../../component/glue-state.ts';
import type { Meter, Questions } from '../../metering/meter.ts';
import { Quantum } from '../../metering/quantum.ts';
import type { GuestFailure, Usage } from '../protocol/messages.ts';
import type { GuestLimits } from '../protocol/time-limits.ts';
import { CpuClock, type ThreadClock } from './cpu-clock.ts';
import { heldTooLong, outOfCpu, outOfFuel } from './failures.ts';
import { GuestDeadline } from './guest-deadline.ts';
import type { Task } from './run-queue.ts';
import type { Scheduler } from './scheduler.ts';
import { LONGEST_HOLD, ThreadHold } from './thread-hold.ts';
import { UsualUnits } from './usual-units.ts';

const TRAP = -1;
const WAIT = 0;

/** Milliseconds without a question after which a guest asks once its host function has returned. */
const LONGEST_SILENCE = 0.5;

/**
 * One guest's share of its thread. Host functions that may wait ask it (`ThreadShare`), and so does the guest's own code
 * (`Questions`). A class, as each instance has one.
 */
export class ScheduledGuest implements Task, ThreadShare, Questions {
  id = -1;
  used = 0;
  isHeavy = false;
  readonly deadline: GuestDeadline;
  readonly #limits: GuestLimits;
  readonly #clock: CpuClock;
  readonly #timed: boolean;
  readonly #scheduler: Scheduler;
  readonly #computes: () => void;
  readonly #usual: UsualUnits;
  readonly #quantum = new Quantum();
  readonly #hold = new ThreadHold();
  #guest: Guest | undefined;
  #glue: GlueState | undefined;
  #meter: Meter | undefined;
  /** What the meter showed when the request began. */
  #units = 0;
  /** Why it was trapped when it asked, except for its fuel. */
  #failure: GuestFailure | undefined;
  /** When it asked last, by `performance.now()`; undefined if it did not have the thread all the time since then. */
  #asked: number | undefined;

  /**
   * `computes` is called each time the guest asks: until it gives way, nothing else runs in its thread. `thread` and `usual` are
   * those of all guests of the thread.
   */
  constructor(
    scheduler: Scheduler,
    limits: GuestLimits,
    thread: ThreadClock = { freed: 0 },
    computes: () => void = () => {},
    usual: UsualUnits = new UsualUnits(),
  ) {
    this.#scheduler = scheduler;
    this.#usual = usual;
    this.#computes = computes;
    this.#limits = limits;
    this.#timed = limits.measured === true || limits.cpu !== undefined;
    this.#clock = new CpuClock(thread);
    this.deadline = new GuestDeadline(limits);
  }

  /** It is being instantiated, and `meter` asks on its behalf. Its start functions may hold the thread for so many milliseconds. */
  instantiates(meter: Meter, longest: number): void {
    this.#meter = meter;
    this.#hold.limit = longest;
  }

  /** It is instantiated: from now on it can be suspended. With raw glue, only in host functions. */
  connect(guest: Guest, glue: GlueState | undefined): void {
    this.#guest = guest;
    this.#glue = glue;
    // Raw glue allows no suspension in guests' code at all.
    this.#hold.limit = glue === undefined ? Number.POSITIVE_INFINITY : LONGEST_HOLD;
  }

  /** The guest is about to begin this request, whose response is due at this time. */
  accept(id: number, due: number): void {
    this.id = id;
    this.deadline.begin(due);
  }

  begin(): void {
    this.used = 0;
    this.isHeavy = false;
    this.#failure = undefined;
    this.#asked = undefined;
    this.#hold.end();
    this.#quantum.interrupt();
    this.#meter?.refuel();
    this.#units = this.#meter?.used ?? 0;
    this.#scheduler.begin(this);
    if (this.#timed) this.#clock.restart(performance.now());
  }

  /** Why it was trapped when it asked; undefined if it was not. */
  get failure(): GuestFailure | undefined {
    return this.isExhausted ? outOfFuel(this.#limits.fuel!) : this.#failure;
  }

  /** It was trapped because it had used all its fuel. */
  get isExhausted(): boolean {
    return this.#meter?.exhausted ?? false;
  }

  /** What it has used so far; undefined if that is not measured. */
  usage(): Usage | undefined {
    if (!this.#limits.measured) return undefined;
    return [this.#clock.used(performance.now()), this.#executed(this.#meter)];
  }

  sampleTime(): void {
    const now = performance.now();
    this.#asked ??= now;
    if (now - this.#asked > LONGEST_SILENCE) this.#meter?.askSoon();
  }

  suspended(): void {
    this.#asked = undefined;
    this.#hold.end();
    if (this.#timed) this.#clock.stop(performance.now());
  }

  resumes(): void {
    if (this.#timed) this.#clock.resume(performance.now());
  }

  isDue(): boolean {
    return this.#scheduler.isDue(this) && this.#guest !== undefined && (this.#glue?.maySuspend ?? true);
  }

  async next(): Promise<void> {
    this.#quantum.interrupt();
    this.suspended();
    await this.#scheduler.next(this);
    this.resumes();
  }

  tick(): number {
    this.#computes();
    const now = performance.now();
    this.#asked = now;
    if (this.#mustEnd(now)) return TRAP;
    const quantum = this.#quantum.next(now);
    this.isHeavy ||= this.#usual.isExceeded(this.#executed(this.#meter));
    if (!this.#scheduler.isDue(this)) return quantum;
    if (this.#glue?.mayInterrupt === true) return WAIT;
    return this.#holdsTooLong(now) ? TRAP : quantum;
  }

  async wait(): Promise<number> {
    // It may still not be suspended: the hold ends only once it was.
    if (this.#timed) this.#clock.stop(performance.now());
    await this.#scheduler.next(this);
    const now = performance.now();
    this.#asked = now;
    this.#hold.end();
    if (this.#timed) this.#clock.resume(now);
    this.#quantum.resume(now);
    return this.#mustEnd(now) ? TRAP : this.#quantum.units;
  }

  cannotWait(): number {
    this.#scheduler.withdraw(this);
    this.resumes();
    return this.#holdsTooLong(performance.now()) ? TRAP : this.#quantum.units;
  }

  isEnding(): boolean {
    return this.#guest?.ended !== undefined;
  }

  /** Its request is over. */
  finish(): void {
    this.#scheduler.finish(this);
    if (this.#meter !== undefined) this.#usual.add(this.#executed(this.#meter));
  }

  /** Units of this request. */
  #executed(meter: Meter | undefined): number {
    return (meter?.used ?? 0) - this.#units;
  }

  #holdsTooLong(now: number): boolean {
    if (this.#hold.lasts(now)) this.#failure = heldTooLong(this.#hold.limit);
    return this.#failure !== undefined;
  }

  #mustEnd(now: number): boolean {
    if (this.isEnding()) return true;
    const { cpu } = this.#limits;
    if (cpu !== undefined && this.#clock.used(now) > cpu) this.#failure = outOfCpu(cpu);
    else if (now >= this.deadline.due)
      this.#failure = { code: 'guest-timeout', message: this.deadline.message };
    return this.#failure !== undefined;
  }
}
