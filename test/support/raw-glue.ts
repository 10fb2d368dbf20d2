/**
 * Whether guests run with jco's own glue (`npm run test:raw`), as they do if the rewriting does not know the glue of the installed
 * jco. It is slower, and its instances cannot be restored.
 */
export const rawGlue: boolean = process.env.NODE_OPTIONS?.includes('other-jco.mjs') === true;

/** The factor by which anything may take longer with raw glue. */
export const RAW_GLUE_PATIENCE = 6;

/** The environment that makes programs use raw glue if they do not inherit the environment. */
export function rawGlueEnvironment(): Record<string, string> {
  const { NODE_OPTIONS = '', XDG_CACHE_HOME = '' } = process.env;
  return rawGlue ? { NODE_OPTIONS, XDG_CACHE_HOME } : {};
}

/** The warning of commands, and in the log of a server in a test. */
const WARNING = /^(warn:? glue|warning): the component runs with jco's own glue, which is slower: .+(\n|$)/m;

/**
 * The text without the one warning that is expected when all tests run with raw glue. A second warning stays, and so does the
 * first one if none is expected.
 */
export function withoutWarning(text: string): string {
  return rawGlue ? text.replace(WARNING, '') : text;
}

/** The same for several programs, each with a warning of its own. */
export function withoutWarnings(text: string): string {
  return rawGlue ? text.replaceAll(new RegExp(WARNING, 'gm'), '') : text;
}
