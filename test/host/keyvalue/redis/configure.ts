import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import type { Redis } from '../../../support/redis.ts';

/** Sets a setting of the engine, and sets it back after the test. */
export async function configure(redis: Redis, name: string, value: string, before: string): Promise<void> {
  expect(await redis.command('CONFIG', 'SET', name, value)).toBe('OK');
  onTestFinished(async () => {
    while ((await redis.command('CONFIG', 'SET', name, before).catch(() => '')) !== 'OK') await delay(5);
  });
}
