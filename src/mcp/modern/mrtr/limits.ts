/** Requests of a guest that wait for its client at the same time, for one call. */
export const MAX_INPUTS = 64;

export const TOO_MANY: string = `more than ${MAX_INPUTS} requests at once`;

/** Bytes of all of them. */
export const MAX_INPUT_BYTES: number = 1024 * 1024;

/** Longest `requestState` that is read. The edge's own are shorter. */
export const MAX_STATE = 1024;

/** Calls whose guests wait for their clients, on one host. The one that has waited longest is ended to make room. */
export const MAX_KEPT = 1000;

/** Longest result, in bytes, of a guest that did not wait for its client, until the client comes for it. */
export const MAX_LATE: number = 64 * 1024;

/** Milliseconds of silence after which a guest is taken to have asked everything that it asks at once. */
export const QUIET = 10;
