import type { Implementation } from '../options.ts';

/** The resource `terminal-input` of `wasi:cli/terminal-input`, of which there are no instances. */
export class TerminalInput {}

/** The resource `terminal-output` of `wasi:cli/terminal-output`, of which there are no instances. */
export class TerminalOutput {}

/** `wasi:cli/terminal-input`. */
export const terminalInput: Implementation = { TerminalInput };

/** `wasi:cli/terminal-output`. */
export const terminalOutput: Implementation = { TerminalOutput };

/** `wasi:cli/terminal-stdin`: standard input is not a terminal for guests. */
export const terminalStdin: Implementation = { getTerminalStdin: (): undefined => undefined };

/** `wasi:cli/terminal-stdout`: standard output is not a terminal for guests. */
export const terminalStdout: Implementation = { getTerminalStdout: (): undefined => undefined };

/** `wasi:cli/terminal-stderr`: standard error is not a terminal for guests. */
export const terminalStderr: Implementation = { getTerminalStderr: (): undefined => undefined };
