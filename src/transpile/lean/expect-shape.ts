/** The glue does not look as it did when a rewrite was written. Never fatal: jco's own glue runs instead. */
export class GlueMismatch extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'GlueMismatch';
  }
}

/** @throws GlueMismatch saying that `what` is not as it was */
export function expectShape(condition: unknown, what: string): asserts condition {
  if (!condition) throw new GlueMismatch(what);
}
