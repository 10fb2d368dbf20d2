/**
 * Part of `npm run check`: finds names that were replaced by standard terms, and words that are hard to understand. Prints each
 * occurrence, and exits with 1 if there is any.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** Former names of files and exports, with the standard terms that replaced them; see the glossary in docs/architecture.md. */
const REPLACED: Readonly<Record<string, string>> = {
  'at-head': 'route-by-status',
  belief: 'inference',
  cards: 'dirty-map',
  crew: 'worker-supervisor',
  door: 'drain',
  guard: 'access-policy',
  held: 'withDurability',
  'idle-worker': 'prestarted-worker',
  'json-answer': 'json-response',
  'keyvalue-interfaces': 'keyvalue/interfaces',
  lineage: 'wal-ownership',
  'mark-writes': 'write-barriers',
  offer: 'link-with-host',
  'open-state': 'prepare',
  'own-request': 'probe',
  pace: 'batch-limiter',
  'pass-worker': 'purge-worker',
  pool: 'dispatcher',
  pristine: 'snapshot',
  pulse: 'message-counts',
  rehearse: 'warmUp',
  reserve: 'space-reserve',
  skeleton: 'stub-modules',
  steadiness: 'clock-stability',
  steps: 'request-sequence',
  thread: 'worker-handle',
  ticket: 'queued-request',
  track: 'dirty-tracking',
  turns: 'scheduler',
  unbegun: 'reject-unstarted',
  upkeep: 'housekeeping',
};

/** In comments, messages and documents. Each has a plain form: again, the caller, otherwise, is notified of, releases. */
const WORDS =
  /\b(anew|whoever|what is none|(is|are) told of|lets? go of|so many that|goes on with|answers (true|false|undefined|the|a|how)|shall)\b/i;

const own = 'scripts/check-names.ts';
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .trim()
  .split('\n');
const problems: string[] = [];

for (const file of files.filter((name) => /^(src|host|bin)\/.*\.[jt]s$/.test(name))) {
  const name = basename(file).replace(/(\.d)?\.[jt]s$/, '');
  const standard = REPLACED[name];
  if (standard !== undefined) problems.push(`${file}: the name of this file is now ${standard}`);
}

for (const file of files.filter((name) => /\.(ts|js|md|yml)$/.test(name) && name !== own)) {
  if (file.startsWith('fixtures/guests/') || file === 'CHANGELOG.md') continue;
  readFileSync(file, 'utf8')
    .split('\n')
    .forEach((line, at) => {
      const word = WORDS.exec(line)?.[0];
      if (word !== undefined) problems.push(`${file}:${at + 1}: "${word}"`);
    });
}

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
