/**
 * From this size on malloc(3) takes memory from the system and gives it back, as the pieces of large bodies are. By itself it
 * raises the size to 32 MiB, and keeps what is below in arenas of each thread, of which a small block can hold 64 MiB.
 */
const THRESHOLD = '65536';

/** Commands that run for long. */
const COMMANDS = new Set(['serve']);

/**
 * Starts Node once more in this process, with the same id, files and words: malloc reads its settings at the start only. Those
 * who set it themselves keep theirs. Nothing is done where Node cannot, or a parent has a channel to it.
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
    // Not allowed, or not found any more: it runs as it is.
  }
}
