import type { GuestRequest, Handler } from '../../http/handler.ts';
import type { RequestSequence } from '../edge/request-sequence.ts';
import type { ListeningPlaces } from '../modern/listen/places.ts';
import type { ParamHeaders } from '../modern/param-headers.ts';
import type { Conversation } from './conversation.ts';
import type { Descriptions } from './describe-guest.ts';
import type { Questions } from './questions.ts';
import type { LegacyMessage } from './read-legacy.ts';
import type { ClientSession } from './session-id.ts';
import type { SessionSettings } from './session-settings.ts';

/** What the requests to one guest share. */
export interface Parts {
  readonly guest: Handler;
  readonly descriptions: Descriptions;
  readonly questions: Questions;
  readonly mirrors: ParamHeaders;
  readonly settings: SessionSettings;
  readonly places: ListeningPlaces;
  /** By session and id, the requests that a client may cancel. */
  readonly underWay: Map<string, Conversation>;
}

/** A message of a client, and where its response goes. */
export interface Step {
  readonly request: GuestRequest;
  readonly sequence: RequestSequence;
  readonly session: ClientSession;
  readonly message: LegacyMessage;
}
