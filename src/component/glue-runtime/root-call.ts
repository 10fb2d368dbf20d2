import type { CallStack } from './call-stack.ts';

/** A call from outside, with those methods of jco's task that its code for exports uses. */
export interface RootCall {
  setCalleeIsAsync(): void;
  enterSync(): boolean;
  mayBlock(): boolean;
  id(): number;
  componentIdx(): number;
  setReturnMemoryIdx(): void;
  setReturnMemory(): void;
  resolve(): void;
  isResolvedState(): boolean;
  /** An argument means that the call has failed. */
  exit(failure?: object): void;
  isExited(): boolean;
  setErrored(): void;
  reject(): void;
}

export function createRootCall(callStack: CallStack, component: number): [RootCall, number] {
  let isResolved = false;
  let isExited = false;
  let isFailed = false;
  function fail(): void {
    isFailed = true;
    callStack.kill();
  }
  const call: RootCall = {
    setCalleeIsAsync() {},
    enterSync() {
      callStack.enterRoot(component);
      return true;
    },
    mayBlock: () => false,
    id: () => 0,
    componentIdx: () => component,
    setReturnMemoryIdx() {},
    setReturnMemory() {},
    resolve() {
      isResolved = true;
    },
    isResolvedState: () => isResolved,
    exit(failure) {
      if (isExited) return;
      isExited = true;
      if (failure !== undefined) fail();
      // Traps if a guest caught a trap during the call.
      if (!isFailed) callStack.leaveRoot();
    },
    isExited: () => isExited,
    setErrored: fail,
    reject: fail,
  };
  return [call, 0];
}
