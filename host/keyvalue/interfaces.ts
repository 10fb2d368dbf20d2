import type { Guest } from '../guest.ts';
import type { Implementation, InterfaceShape } from '../options.ts';
import { draft } from './draft.ts';
import { draft2 } from './draft2.ts';
import type { CheckedStore } from './limits.ts';
import { observedStore } from './observed-store.ts';

type Make = (guest: Guest, io: unknown, shape: InterfaceShape) => Implementation;

/** The interfaces of both drafts of `wasi:keyvalue` by their full names; empty without a store. */
export function keyvalueInterfaces(store: CheckedStore | undefined): Readonly<Record<string, Make>> {
  if (store === undefined) return {};
  const storeOf = ({ operations }: Guest): CheckedStore =>
    operations === undefined ? store : observedStore(store, operations);
  const names = ['store', 'batch', 'atomics'] as const;
  const entries = names.flatMap((name): [string, Make][] => [
    [`wasi:keyvalue/${name}@0.2.0-draft`, (guest) => ({ ...draft(storeOf(guest), guest)[name] })],
    [
      `wasi:keyvalue/${name}@0.2.0-draft2`,
      (guest, _io, { getMany }) => ({ ...draft2(storeOf(guest), guest, getMany ?? 'options')[name] }),
    ],
  ]);
  return Object.fromEntries(entries);
}
