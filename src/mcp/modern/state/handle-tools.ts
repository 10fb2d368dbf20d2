import type { HandleNames } from '../../../options/types.ts';
import type { JsonObject } from '../client-message.ts';

/** A tool that the edge offers beside the guest's own. */
export type OfferedTool = JsonObject & { readonly name: string };

/**
 * The tools of handles. How long the state lasts is in their descriptions, where a model sees it (MCP 2026-07-28, "Tools", section
 * "Stateful Tools").
 */
export function handleTools({ create, end, argument }: HandleNames, lifetime: number): OfferedTool[] {
  const properties = { [argument]: { type: 'string' } };
  return [
    {
      name: create,
      description: `Creates a session, in which tools keep state between calls, and returns its ${argument} for their calls. It lasts until it is ended with ${end}, or has not been used for ${durationText(lifetime)}. Keep the id secret: others could use the session.`,
      inputSchema: { type: 'object', properties: {}, additionalProperties: false },
      outputSchema: { type: 'object', properties, required: [argument] },
    },
    {
      name: end,
      description: 'Ends a session, whose state cannot be used any more.',
      inputSchema: { type: 'object', properties, required: [argument], additionalProperties: false },
    },
  ];
}

/** The schema of the argument. */
export function argumentSchema({ create }: HandleNames): JsonObject {
  return {
    type: 'string',
    description: `The session whose state the call uses, from ${create}; without it, the call has no state`,
  };
}

export function toolText(text: string): JsonObject {
  return { content: [{ type: 'text', text }] };
}

export function toolError(text: string): JsonObject {
  return { ...toolText(text), isError: true };
}

/** The result of the tool that creates a session. */
export function created({ argument }: HandleNames, session: string): JsonObject {
  return { ...toolText(`${argument}: ${session}`), structuredContent: { [argument]: session } };
}

const UNITS: readonly (readonly [milliseconds: number, name: string])[] = [
  [24 * 3_600_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1000, 'second'],
];

/** In the largest unit of which it is a multiple. */
function durationText(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000) * 1000;
  const [size, name] = UNITS.find(([unit]) => seconds % unit === 0)!;
  const count = seconds / size;
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}
