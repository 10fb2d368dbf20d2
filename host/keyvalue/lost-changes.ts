/** Why changes were lost, as `Follower.lost` reports it. */
export const FORGOTTEN =
  'changes were not delivered: this host did not reach the store for so long that others no longer recorded them';

export function tooManyChanges(count: number): string {
  return `${count} changes were not delivered: too many were waiting in the store`;
}

export function missingChanges(count: number): string {
  return `at least ${count} changes were not delivered: the store has them no longer, because this host did not read them in time`;
}
