// Imported by a command before its own code: reports each module of each thread as it is loaded.
import module from 'node:module';
import { isMainThread } from 'node:worker_threads';

module.registerHooks({
  load(url, context, next) {
    process._rawDebug(`loads ${isMainThread ? 'main' : 'worker'} ${url}`);
    return next(url, context);
  },
});
