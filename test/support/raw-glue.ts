/**
 * Whether guests run by jco's own glue, as they do when jco is of a version whose glue the rewriting does not know:
 * `npm run test:raw`. It is slower, and its instances are never put back to their first state.
 */
export const rawGlue: boolean = process.env.NODE_OPTIONS?.includes('other-jco.mjs') === true;

/** How much longer anything may take then. */
export const RAW_GLUE_PATIENCE = 6;

/** What programs need to run by it that do not inherit the environment. */
export function rawGlueEnvironment(): Record<string, string> {
  const { NODE_OPTIONS = '', XDG_CACHE_HOME = '' } = process.env;
  return rawGlue ? { NODE_OPTIONS, XDG_CACHE_HOME } : {};
}

/** What commands say of it, and the log of a server in a test. */
const WARNING = /^(warn:? glue|warning): the component runs with jco's own glue, which is slower: .+(\n|$)/m;

/**
 * What was said, without the one warning that is due when all tests run with raw glue. A second one stays, and so does the
 * first one when none is due.
 */
export function withoutWarning(text: string): string {
  return rawGlue ? text.replace(WARNING, '') : text;
}

/** The same for several programs, each with a warning of its own. */
export function withoutWarnings(text: string): string {
  return rawGlue ? text.replaceAll(new RegExp(WARNING, 'gm'), '') : text;
}
