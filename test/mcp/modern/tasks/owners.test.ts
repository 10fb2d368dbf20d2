import { describe, expect, test } from 'vitest';
import { callModern } from '../../../support/modern.ts';
import { share } from '../../../support/serving.ts';
import { TASKS, taskRequest } from '../../../support/tasks.ts';
import { as, bearer, OAUTH } from '../../../support/tokens.ts';

const UNKNOWN = { code: -32602, message: expect.stringContaining('there is no such task') };

describe('tasks of principals', () => {
  const served = share('notes-draft', { mcp: 'guide', env: OAUTH, taskAfter: 100 });

  /** A task of ada. */
  async function start(seconds: number): Promise<string> {
    const { body } = await callModern(
      served.url,
      'slow_compute',
      { seconds },
      { meta: TASKS, headers: as('ada') },
    );
    expect(body.result).toMatchObject({ resultType: 'task' });
    return body.result.taskId;
  }

  function ask(
    method: 'get' | 'update' | 'cancel',
    id: string,
    headers: Record<string, string | undefined>,
  ): ReturnType<typeof taskRequest> {
    return taskRequest(served.url, method, id, { inputResponses: {} }, { headers });
  }

  test.each(['get', 'update', 'cancel'] as const)(
    'tasks/%s serves the principal of the task alone',
    async (method) => {
      const id = await start(1);
      const other = await ask(method, id, as('bob'));
      expect([other.status, other.body.error]).toEqual([200, UNKNOWN]);
      const elsewhere = await ask(method, id, as('ada', { iss: 'https://other.example' }));
      expect([elsewhere.status, elsewhere.body.error]).toEqual([200, UNKNOWN]);
      const forged = await ask(method, id, { authorization: bearer('ada', {}, 'another key') });
      expect(forged.status).toBe(401);
      const nobody = await ask(method, id, {});
      expect(nobody.status).toBe(401);
      expect((await ask('get', id, as('ada'))).body.result.status).toBe('working');
      // With a later token, too.
      const own = await ask(method, id, as('ada', { jti: 'another' }));
      expect(own.body.result).toMatchObject({ resultType: 'complete' });
      if (method === 'cancel') return;
      await expect
        .poll(async () => (await ask('get', id, as('ada'))).body.result.status, { timeout: 20_000 })
        .toBe('completed');
    },
  );
});

describe('a guest in public mode', () => {
  const served = share('notes-draft', { mcp: 'guide', taskAfter: 100 });

  test('has no principals: the id of a task is all that it takes, whatever tokens say', async () => {
    const { url } = served;
    const request = { meta: TASKS, headers: as('ada') };
    const { body } = await callModern(url, 'slow_compute', { seconds: 1 }, request);
    const { taskId } = body.result;
    for (const headers of [as('bob'), {}]) {
      const { body } = await taskRequest(url, 'get', taskId, {}, { headers });
      expect(body.result).toMatchObject({ taskId, status: 'working' });
    }
  });
});
