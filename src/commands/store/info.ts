import { type BucketInfo, type EngineInfo, type FileInfo, maintain } from '../../../host/index.ts';
import type { SubCommand } from '../command.ts';
import { oneLine } from '../print.ts';
import { STORE_OPTIONS, storeAccess } from '../server-options.ts';
import { withProgress } from './progress.ts';

/** Describes the content and the size of a store. */
export const info: SubCommand = {
  name: 'info',
  summary: 'describe the content and the size of the store',
  options: STORE_OPTIONS,
  examples: `
Examples:
  wasmcp-node store info
  wasmcp-node store info --store postgres://app@db/app

Servers may keep running. The free part of a file was left by deleted entries, and new ones reuse it. On PostgreSQL and Redis it
shows what the engine promises; a store that cannot be counted within 60 s is estimated.`,

  async run(options, { stdout, stderr }) {
    const info = await withProgress(stderr, maintain(options.store, storeAccess(options)).info);
    const { schema, newestSchema, file, engine, buckets, estimatedKeys } = info;
    const upgrade = schema < newestSchema ? ` (${newestSchema} with the next start, or store migrate)` : '';
    const lines = [
      ...(file === undefined ? [] : [`file     ${file.path}`]),
      ...(engine === undefined ? [] : [`store    ${engine.url}`]),
      `schema   ${schema}${upgrade}`,
      ...(file === undefined ? [] : linesOfFile(file)),
      ...(engine === undefined ? [] : linesOfEngine(engine)),
      ...buckets.map(lineOfBucket),
      ...(estimatedKeys === undefined ? [] : [`keys     about ${estimatedKeys}: too many to be counted`]),
    ];
    stdout.write(`${lines.join('\n')}\n`);
    return 0;
  },
};

function linesOfFile({ sqlite, size, freeSize, logSize }: FileInfo): string[] {
  return [
    `sqlite   ${sqlite}`,
    `size     ${size} bytes, of which ${freeSize} bytes free`,
    `log      ${logSize} bytes`,
  ];
}

function linesOfEngine({ durability, found, size }: EngineInfo): string[] {
  return [`promise  ${durability} (${found})`, ...(size === undefined ? [] : [`size     ${size} bytes`])];
}

function lineOfBucket({ name, keys, valueSize, isEstimate = false }: BucketInfo): string {
  return `bucket   ${oneLine(name)}: ${keys} keys, ${isEstimate ? 'about ' : ''}${valueSize} bytes of values`;
}
