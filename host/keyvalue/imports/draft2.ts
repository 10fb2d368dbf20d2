import { Guest } from '../../guest.ts';
import { type Draft2, draft2 } from '../draft2.ts';
import { defaultStore } from './default-store.ts';

const interfaces: Draft2 = draft2(defaultStore, new Guest(), 'options');

/** `wasi:keyvalue/store@0.2.0-draft2` on the default store, for `jco transpile --map`. */
export const store: Draft2['store'] = interfaces.store;
/** `wasi:keyvalue/batch@0.2.0-draft2`. */
export const batch: Draft2['batch'] = interfaces.batch;
/** `wasi:keyvalue/atomics@0.2.0-draft2`. */
export const atomics: Draft2['atomics'] = interfaces.atomics;
