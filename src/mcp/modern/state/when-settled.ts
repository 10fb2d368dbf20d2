import { WasmcpError } from '../../../../host/index.ts';
import type { Step } from '../step.ts';

/** Continues with what the store returned, unless the client has left. The client gets a failure of the store. */
export function whenSettled<T>(
  work: Promise<T>,
  { sequence, exchange }: Step,
  proceed: (value: T) => void,
): void {
  work.then(
    (value) => {
      if (!exchange.hasLeft) proceed(value);
    },
    (error) => {
      if (!(error instanceof WasmcpError)) throw error;
      if (!exchange.hasLeft) sequence.target.fail(error);
    },
  );
}
