/**
 * From this size on, malloc(3) maps memory separately and returns it to the system as soon as it is freed; pieces of large
 * bodies are that large. By default malloc raises the threshold to up to 32 MiB and keeps smaller blocks in arenas of each
 * thread, where one block in use can keep 64 MiB.
 */
const THRESHOLD = '65536';

/** Commands that run for long. */
const COMMANDS = new Set(['serve']);

/**
 * Replaces this process by a new Node with the same process id, files and arguments, because malloc reads its settings only
 * at the start. A setting of the user is kept. Does nothing if Node cannot do this, or if a parent process has a channel to
 * this one.
 */
export function settleAllocator() {
  const { env, execve, platform, argv } = process;
  if (platform !== 'linux' || execve === undefined || process.channel !== undefined) return;
  if (env.MALLOC_MMAP_THRESHOLD_ === THRESHOLD) {
    // Processes that are started from here do not need it.
    delete env.MALLOC_MMAP_THRESHOLD_;
    return;
  }
  if (env.MALLOC_MMAP_THRESHOLD_ !== undefined || env.GLIBC_TUNABLES !== undefined || !COMMANDS.has(argv[2]))
    return;
  try {
    execve(process.execPath, [argv[0], ...process.execArgv, ...argv.slice(1)], {
      ...env,
      MALLOC_MMAP_THRESHOLD_: THRESHOLD,
    });
  } catch {
    // Not permitted, or the file is gone: continue with malloc's defaults.
  }
}
