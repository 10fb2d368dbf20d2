import { type Ambiguity, comparePaths, explain } from './explain.ts';
import { mayBeAmbiguous } from './may-be-ambiguous.ts';

export type { Ambiguity };

/**
 * Looks for members of a JSON-RPC message, of its `params` and of their `_meta` that occur twice or in different case, and for a
 * method beside a result: this edge could read one of them, and a guest the other. Undefined if there are none, and for what is no
 * such message. The text may be cut off: only what is there counts.
 */
export function ambiguityIn(message: Uint8Array): Ambiguity | undefined {
  return mayBeAmbiguous(message) ? explain(textOf(message)) : undefined;
}

/** The same for arguments of a tool that the edge itself reads: those at these paths, and the objects on the way. */
export function ambiguousArgument(
  message: Uint8Array,
  paths: readonly (readonly string[])[],
): Ambiguity | undefined {
  return explain(textOf(message), comparePaths(paths));
}

function textOf({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString();
}
