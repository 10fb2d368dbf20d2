import { isObject, type JsonObject } from '../client-message.ts';

/** What a client wants to be notified of (MCP 2026-07-28, "Subscriptions", section "Notification Filter"). */
export interface Wanted {
  readonly lists: readonly ListName[];
  readonly uris: readonly string[];
}

const LISTS = ['tools', 'prompts', 'resources'] as const;
type ListName = (typeof LISTS)[number];

/** Most resources of one subscription. */
const MAX_URIS = 100;

export function wantedOf(filter: unknown): Wanted {
  const wanted = isObject(filter) ? filter : {};
  const uris = Array.isArray(wanted.resourceSubscriptions) ? wanted.resourceSubscriptions : [];
  return {
    lists: LISTS.filter((name) => wanted[`${name}ListChanged`] === true),
    uris: [...new Set(uris)].filter((uri) => typeof uri === 'string').slice(0, MAX_URIS),
  };
}

/** Whether a guest says that it notifies of anything. */
export function declaresChanges(capabilities: unknown): boolean {
  if (!isObject(capabilities)) return false;
  return LISTS.some((name) => changes(capabilities, name)) || subscribes(capabilities);
}

/** What the guest notifies of, as it says itself. */
export function acknowledgeable({ lists, uris }: Wanted, capabilities: JsonObject): Wanted {
  return {
    lists: lists.filter((name) => changes(capabilities, name)),
    uris: subscribes(capabilities) ? uris : [],
  };
}

/** As the server acknowledges it. */
export function filterOf({ lists, uris }: Wanted): JsonObject {
  return {
    ...Object.fromEntries(lists.map((name) => [`${name}ListChanged`, true])),
    ...(uris.length > 0 && { resourceSubscriptions: uris }),
  };
}

export function includes({ lists, uris }: Wanted, { method, params }: JsonObject): boolean {
  if (method === 'notifications/resources/updated')
    return isObject(params) && uris.includes(params.uri as string);
  return lists.some((name) => method === `notifications/${name}/list_changed`);
}

function changes(capabilities: JsonObject, name: ListName): boolean {
  const capability = capabilities[name];
  return isObject(capability) && capability.listChanged === true;
}

function subscribes({ resources }: JsonObject): boolean {
  return isObject(resources) && resources.subscribe === true;
}
