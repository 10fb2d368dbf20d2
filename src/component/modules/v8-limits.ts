/** What V8 takes of a function (WebAssembly JavaScript interface, "Implementation-defined limits"). */
export const MAX_BODY = 7_654_321;

/** Of a function, its parameters included. */
export const MAX_LOCALS = 50_000;
