/** `node units-command.ts MANNER FILE…`: prints as JSON what these fixtures answer to their requests, and the units that they take. */
import { basename } from 'node:path';
import { loadComponent } from '../../src/loader/load-component.ts';
import { answersTo, unitsOf } from './answers.ts';
import type { Manner } from './metered.ts';
import { REQUESTS } from './requests.ts';

const [manner, ...files] = process.argv.slice(2) as [Manner, ...string[]];
const all: Record<string, unknown> = {};
for (const file of files) {
  const name = basename(file, '.wasm');
  const requests = REQUESTS[name]!;
  const answers = await answersTo(await loadComponent(file), requests, manner);
  all[name] = { texts: answers.map(({ text }) => text), units: unitsOf(answers, requests) };
}
console.log(JSON.stringify(all));
