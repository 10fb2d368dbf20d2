import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeCommands } from '../src/cli.ts';
import { optionsReference } from './options-reference.ts';

writeFileSync(join(import.meta.dirname, '../docs/options.md'), optionsReference(await describeCommands()));
