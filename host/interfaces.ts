import type { Guest } from './guest.ts';
import type { GuestIo, Implementation, InterfaceShape } from './options.ts';

/** Makes one interface for a guest. */
export type MakeInterface = (guest: Guest, io: GuestIo, shape: InterfaceShape) => Implementation;

/** Interfaces by full name, such as `wasi:io/poll@0.2`; those of WASI 0.2 without the patch version. */
export type Interfaces = Readonly<Record<string, MakeInterface>>;

/** An interface that is the same for all guests. */
export function shared(implementation: Implementation): MakeInterface {
  return () => implementation;
}
