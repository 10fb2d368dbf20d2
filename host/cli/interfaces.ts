import { type Interfaces, shared } from '../interfaces.ts';
import type { HostOptions } from '../options.ts';
import { environment } from './environment.ts';
import { exit } from './exit.ts';
import { stderr, stdin, stdout } from './stdio.ts';
import { terminalInput, terminalOutput, terminalStderr, terminalStdin, terminalStdout } from './terminal.ts';

/** The interfaces of `wasi:cli` that a guest may import. */
export function cliInterfaces(options: HostOptions): Interfaces {
  return {
    'wasi:cli/environment@0.2': environment(options),
    'wasi:cli/exit@0.2': shared(exit),
    'wasi:cli/stdin@0.2': stdin,
    'wasi:cli/stdout@0.2': stdout,
    'wasi:cli/stderr@0.2': stderr,
    'wasi:cli/terminal-input@0.2': shared(terminalInput),
    'wasi:cli/terminal-output@0.2': shared(terminalOutput),
    'wasi:cli/terminal-stdin@0.2': shared(terminalStdin),
    'wasi:cli/terminal-stdout@0.2': shared(terminalStdout),
    'wasi:cli/terminal-stderr@0.2': shared(terminalStderr),
  };
}
