import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { component } from '../support/serving.ts';
import { answersTo, unitsOf } from './answers.ts';
import type { Counts, Manner } from './metered.ts';
import { type CommandRun, runInThread } from './ran.ts';
import { COMMANDS, REQUESTS } from './requests.ts';

const MANNERS: readonly Manner[] = ['never', 'ask', 'suspend'];

const sum = (list: readonly Counts[], of: keyof Counts): number =>
  list.reduce((total, counts) => total + counts[of], 0);

/** Below jco's own glue nothing is suspended. */
async function maySuspend(name: string): Promise<boolean> {
  return (await component(name)).glue.kind === 'lean';
}

describe('guests answer the same, and take as many units, whether they are asked and suspended or not', () => {
  test.each(Object.keys(REQUESTS))('%s', async (name) => {
    const requests = REQUESTS[name]!;
    const loaded = await component(name);
    const [plain, asked, suspended] = [
      await answersTo(loaded, requests, 'never'),
      await answersTo(loaded, requests, 'ask'),
      await answersTo(loaded, requests, 'suspend'),
    ];
    const texts = plain.map(({ text }) => text);
    expect(asked.map(({ text }) => text)).toEqual(texts);
    expect(suspended.map(({ text }) => text)).toEqual(texts);
    expect(sum(plain, 'ticks')).toBe(0);
    const isAsked = sum(plain, 'units') > 2000;
    expect(sum(asked, 'ticks') > 0 || !isAsked).toBe(true);
    // Others are asked in their start functions at most.
    if (isAsked) expect(sum(suspended, 'waits') > 0).toBe(await maySuspend(name));
    expect(unitsOf(asked, requests)).toEqual(unitsOf(plain, requests));
    expect(unitsOf(suspended, requests)).toEqual(unitsOf(plain, requests));
  });

  test.each(Object.keys(COMMANDS))('%s, a command', async (name) => {
    const loaded = await component(name);
    for (const args of COMMANDS[name]!) {
      const runs: CommandRun[] = [];
      for (const manner of MANNERS) runs.push(await runInThread(loaded, args, manner));
      const [plain, asked, suspended] = runs as [CommandRun, CommandRun, CommandRun];
      expect(plain.ticks).toBe(0);
      expect(asked.ticks).toBeGreaterThan(0);
      expect(suspended.waits > 0).toBe(await maySuspend(name));
      for (const run of [asked, suspended]) {
        expect({ text: run.text, units: run.units }).toEqual({ text: plain.text, units: plain.units });
      }
    }
  });
});

test('these are all the fixtures', () => {
  const fixtures = globSync('fixtures/*.wasm').map((path) => basename(path, '.wasm'));
  expect([...Object.keys(REQUESTS), ...Object.keys(COMMANDS)].sort()).toEqual(fixtures.sort());
});
