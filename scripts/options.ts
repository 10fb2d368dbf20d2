import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ABOUT_COMMANDS } from '../src/cli.ts';
import { optionsReference } from './options-reference.ts';

writeFileSync(join(import.meta.dirname, '../docs/options.md'), optionsReference(ABOUT_COMMANDS));
