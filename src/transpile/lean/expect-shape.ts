/** The glue does not look as it did when a rewrite was written. Never fatal: jco's own glue runs instead. */
export class GlueMismatch extends Error {
  /** The text in question, as it stands in the glue; undefined when the message has to do. */
  readonly near: string | undefined;

  constructor(message: string, near?: string) {
    super(message);
    this.name = 'GlueMismatch';
    this.near = near;
  }
}

/** @throws GlueMismatch saying that `what`, at the text `near`, is not as it was */
export function expectShape(condition: unknown, what: string, near?: string): asserts condition {
  if (!condition) throw new GlueMismatch(what, near);
}
