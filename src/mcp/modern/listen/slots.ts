/** Milliseconds that a guest without a client keeps its slot while others need it. */
const GRACE = 1000;

/** The slot of one guest. */
export interface Slot {
  /** The client has disconnected: `end` is called when another guest needs the slot, which is free by then. */
  left(end: () => void): void;
  /** The guest has finished. May be called again. */
  free(): void;
}

/** Slots for a limited number of guests. One that lost its client a while ago loses its slot to the next guest. */
export class Slots {
  readonly limit: number;
  readonly #taken = new Set<Slot>();
  /** What ends a guest without a client, and since when it has none; the longest first. */
  readonly #left = new Map<Slot, { readonly since: number; end(): void }>();

  constructor(limit: number) {
    this.limit = limit;
  }

  /** There is no slot, not even that of a guest without a client. */
  get isFull(): boolean {
    this.#makeRoom();
    return this.#taken.size >= this.limit;
  }

  /** Undefined if there is none. */
  take(): Slot | undefined {
    if (this.isFull) return undefined;
    const slot: Slot = {
      left: (end) => {
        if (this.#taken.has(slot)) this.#left.set(slot, { since: performance.now(), end });
      },
      free: () => {
        this.#taken.delete(slot);
        this.#left.delete(slot);
      },
    };
    this.#taken.add(slot);
    return slot;
  }

  #makeRoom(): void {
    const [first] = this.#left;
    if (this.#taken.size < this.limit || first === undefined) return;
    const [slot, { since, end }] = first;
    if (performance.now() - since < GRACE) return;
    slot.free();
    end();
  }
}
