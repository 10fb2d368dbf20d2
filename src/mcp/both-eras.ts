import type { Middleware } from '../http/compose.ts';
import { createModernEdge, type ModernOptions } from './modern/edge.ts';
import { isModern } from './modern/revision.ts';

/** Clients of every revision; `sessions` is the path of those that keep sessions. */
export function withBothEras(options: ModernOptions, sessions: Middleware): Middleware {
  return (guest) => {
    const legacy = sessions(guest);
    const modern = createModernEdge(guest, legacy, options);
    return (request, target) => (isModern(request) ? modern : legacy)(request, target);
  };
}
