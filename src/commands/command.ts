import type { Readable, Writable } from 'node:stream';
import type { PrestartedWorker } from '../engine/main/prestarted-worker.ts';
import type { OptionAdjustments, OptionName, OptionValues } from '../options/types.ts';

/** The streams of the process, or replacements for them. */
export interface CliStreams {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** One command of the program: its help and its function. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly OptionName[];
  /** Options that have another meaning or default for this command. */
  readonly adjusted?: OptionAdjustments;
  /** The words after the component; without it there must be none. */
  readonly rest?: {
    readonly description: string;
    /** Where they begin: right after the component, including options, or after `--`. */
    readonly from: 'component' | 'dashes';
  };
  /** Shown below the options. */
  readonly examples: string;
  /**
   * Returns the exit status; throws an expected failure as `WasmcpError`. `rest` are the words after the component;
   * `prestartedWorker` is for commands that need workers.
   */
  run(
    component: string,
    options: OptionValues,
    streams: CliStreams,
    rest: readonly string[],
    prestartedWorker?: PrestartedWorker,
  ): Promise<number>;
}

/** Commands that share their first word. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly SubCommand[];
  /** What people may have meant by words that are no commands. */
  readonly meant?: Readonly<Record<string, string>>;
}

/** A word that a command takes. */
export interface Argument {
  readonly name: string;
  readonly description: string;
  readonly optional?: true;
}

/** One command of a group. It takes no component. */
export interface SubCommand extends Pick<Command, 'name' | 'summary' | 'options' | 'adjusted' | 'examples'> {
  /** Other names that it answers to. */
  readonly aliases?: readonly string[];
  /** The words that it takes, none by default. Only the last one may be optional. */
  readonly arguments?: readonly Argument[];
  /** As `Command.run`, with the words that were given for the arguments. */
  run(options: OptionValues, streams: CliStreams, ...words: string[]): Promise<number>;
}
