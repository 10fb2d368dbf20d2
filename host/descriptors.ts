/** The file descriptors of one guest, for files and connections, out of those of the process. */
export interface Descriptors {
  /** Returns false, and takes none, if the guest or all guests together have reached their limit. */
  take(): boolean;
  /** Returns one that was taken and is closed. */
  give(): void;
}

/** The file descriptors that the guests of all threads share. */
export interface DescriptorTotal {
  tryTake(): boolean;
  give(): void;
}

/** Default number of descriptors of one guest. */
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
