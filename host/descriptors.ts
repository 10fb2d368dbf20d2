/** Files and connections that one guest may have open, out of what the process may. */
export interface Descriptors {
  /** False when the guest, or all guests together, have their share; then nothing is taken. */
  take(): boolean;
  /** One that was taken is closed. */
  give(): void;
}

/** What guests of several threads have open together. */
export interface DescriptorTotal {
  tryTake(): boolean;
  give(): void;
}

/** Descriptors of one guest, unless an option says otherwise. */
const DEFAULT_SHARE = 256;

export function createDescriptors(limit: number = DEFAULT_SHARE, total?: DescriptorTotal): Descriptors {
  let open = 0;
  return {
    take() {
      if (open >= limit || total?.tryTake() === false) return false;
      open += 1;
      return true;
    },
    give() {
      open -= 1;
      total?.give();
    },
  };
}
