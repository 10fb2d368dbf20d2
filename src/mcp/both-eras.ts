import type { Middleware } from '../http/compose.ts';
import { DEFAULTS } from '../options/defaults.ts';
import { createMessageRoom } from './edge/message-room.ts';
import { withLegacyClients } from './legacy-clients/detect.ts';
import { MAX_MESSAGE } from './modern/collect-body.ts';
import { createModernEdge, hasCredentials, type ModernOptions } from './modern/edge.ts';
import { createListeningPlaces } from './modern/listen/places.ts';
import { isModern } from './modern/revision.ts';

/** Clients of every revision; `sessions` is the path of those that keep sessions. */
export function withBothEras(options: ModernOptions, sessions: Middleware): Middleware {
  return (guest) => {
    const places = createListeningPlaces(options.live ?? DEFAULTS.liveLimit);
    const kept = sessions(places.withStreams(guest));
    const room = createMessageRoom(MAX_MESSAGE);
    const modern = room.around(createModernEdge(guest, kept, places, options));
    const legacy = withLegacyClients(guest, kept, {
      isPublic: (request) => !options.authorizes && !hasCredentials(request),
      inputWait: options.inputWait ?? DEFAULTS.inputWait,
      places,
      room,
      settings: options.settings,
    });
    return (request, target) => (isModern(request) ? modern : legacy)(request, target);
  };
}
