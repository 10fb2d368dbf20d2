/** The place that a guest takes among those that work, seen from a stage that knows when the guest only waits for its client. */
export class GuestPlace {
  /**
   * Whether the guest may be ended when others need its place. Replaced by the engine; without one, no place is scarce. Allowed
   * again and again: the guest that was allowed first goes first.
   */
  yield: (mayEnd: boolean) => void = () => {};
}
