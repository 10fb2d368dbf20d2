import type { GuestRequest, Handler } from '../../http/handler.ts';
import { probeTarget, type Verdict } from '../edge/probe.ts';
import type { RequestSequence } from '../edge/request-sequence.ts';
import { isObject, type JsonObject, jsonText } from '../modern/client-message.ts';
import { discoverRequest, judgeDiscover } from '../modern/discover.ts';

/** What the guest says of itself: asked once, except for clients that it may tell from others. */
export interface Descriptions {
  /** The capabilities that the guest told of last. */
  readonly capabilities: JsonObject;
  /** `found` is called unless the client gets the guest's refusal. */
  describe(
    request: GuestRequest,
    id: string | number,
    sequence: RequestSequence,
    found: (discovered: JsonObject) => void,
  ): void;
}

export interface DescriptionOptions {
  isPublic(request: GuestRequest): boolean;
  /** What the guest said to some client. */
  readonly discovered: JsonObject;
}

export function createDescriptions(guest: Handler, options: DescriptionOptions): Descriptions {
  let capabilities = capabilitiesOf(options.discovered);
  /** For all clients that the guest cannot tell apart. */
  let known: JsonObject | undefined;

  return {
    get capabilities() {
      return capabilities;
    },
    describe(request, id, sequence, found) {
      const isPublic = options.isPublic(request);
      if (isPublic && known !== undefined) return found(known);
      const target = probeTarget(sequence.target, {
        id: jsonText(id),
        about: 'what it offers',
        judge: (result): Verdict => {
          const verdict = judgeDiscover(result);
          return verdict === 'proceed' && !isObject(result.response?.result) ? 'relay' : verdict;
        },
        proceed({ response }) {
          const discovered = response!.result as JsonObject;
          capabilities = capabilitiesOf(discovered);
          if (isPublic) known = discovered;
          found(discovered);
        },
      });
      sequence.next(() => guest(discoverRequest(request, id), target));
    },
  };
}

function capabilitiesOf({ capabilities }: JsonObject): JsonObject {
  return isObject(capabilities) ? capabilities : {};
}
