import type { Readable, Writable } from 'node:stream';
import type { IdleWorkers } from '../engine/idle-worker.ts';
import type { OptionAdjustments, OptionName, OptionValues } from '../options/types.ts';

/** Streams of the process, or whatever stands for them. */
export interface CliStreams {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** One command of the program: what its help says and what it does. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly OptionName[];
  /** What an option means for this command alone. */
  readonly adjusted?: OptionAdjustments;
  /** What the words after the component are for; without it there may be none. */
  readonly rest?: {
    readonly description: string;
    /** Where they begin: right behind the component, options of theirs included, or behind `--`. */
    readonly from: 'component' | 'dashes';
  };
  /** Shown below the options. */
  readonly examples: string;
  /**
   * Answers the exit status; an expected failure is thrown as `WasmcpError`. `rest` are the words after the component;
   * `idleWorkers` are for those who need workers.
   */
  run(
    component: string,
    options: OptionValues,
    streams: CliStreams,
    rest: readonly string[],
    idleWorkers?: IdleWorkers,
  ): Promise<number>;
}

/** Commands that share their first word. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly SubCommand[];
}

/** One command of a group; not about a component. */
export interface SubCommand extends Pick<Command, 'name' | 'summary' | 'options' | 'adjusted' | 'examples'> {
  /** The one word that it takes; without it there may be none. */
  readonly argument?: { readonly name: string; readonly description: string; readonly optional?: true };
  /** As `Command.run`; the word is empty where none is taken or given. */
  run(word: string, options: OptionValues, streams: CliStreams): Promise<number>;
}
