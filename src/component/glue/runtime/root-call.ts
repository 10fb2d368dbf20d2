import type { Calls } from './calls.ts';

/** A call from outside, with the methods of jco's task that its code for exports uses. */
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
  exit(): void;
  isExited(): boolean;
  setErrored(): void;
  reject(): void;
}

export function createRootCall(calls: Calls, component: number): [RootCall, number] {
  let isResolved = false;
  let isExited = false;
  const call: RootCall = {
    setCalleeIsAsync() {},
    enterSync() {
      calls.enterRoot(component);
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
    exit() {
      if (isExited) return;
      isExited = true;
      if (!calls.isDead()) calls.leaveRoot();
    },
    isExited: () => isExited,
    setErrored: () => calls.kill(),
    reject: () => calls.kill(),
  };
  return [call, 0];
}
