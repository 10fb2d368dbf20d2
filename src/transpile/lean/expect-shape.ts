/** The glue does not have the form that a rewrite expects. Never fatal: jco's own glue runs instead. */
export class GlueMismatch extends Error {
  /** The unexpected text of the glue; undefined if the message alone must suffice. */
  readonly near: string | undefined;

  constructor(message: string, near?: string) {
    super(message);
    this.name = 'GlueMismatch';
    this.near = near;
  }
}

/** @throws GlueMismatch naming `what` and the unexpected text `near` */
export function expectShape(condition: unknown, what: string, near?: string): asserts condition {
  if (!condition) throw new GlueMismatch(what, near);
}
