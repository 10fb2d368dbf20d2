import { check, type OptionChecks } from '../../host/index.ts';
import { RANGES } from '../options/ranges.ts';
import type { LoadOptions } from './load-options.ts';

/** The checks of `loadComponent`. */
export const LOAD_CHECKS: OptionChecks<LoadOptions> = {
  cacheDir: check.text,
  maxSize: check.bytes(1),
  maxMemory: check.bytes(...RANGES.memory),
  maxEachMemory: check.bytes(...RANGES.memory),
  allowWasmGc: check.flag,
  progress: check.callback,
};
