/** Runs all calls, at most `width` at a time. */
export async function inParallel(
  width: number,
  calls: number,
  call: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (next < calls) await call(next++);
    }),
  );
}
