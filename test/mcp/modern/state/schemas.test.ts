import { describe, expect, test } from 'vitest';
import { replyResult } from '../../edge/guest.ts';
import { edge, LIST, oldGuest, send } from '../edge-of.ts';

const object = (schema: object): object => ({ type: 'object', properties: { a: {} }, ...schema });

describe('the argument of handles', () => {
  test.each([
    ['a schema without properties', { type: 'object' }],
    ['an open schema', object({})],
    ['a closed one, which knows it then', object({ additionalProperties: false })],
    ['one that is closed to what none of its parts knows', object({ unevaluatedProperties: false })],
    [
      'more open schemas than a call has arguments',
      object({ dependentSchemas: Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [i, true])) }),
    ],
    ['open alternatives', object({ anyOf: [{ required: ['a'] }, { properties: { b: {} } }] })],
  ])('is offered with %s', async (_, inputSchema) => {
    const [tool] = await listed([{ name: 't', inputSchema, outputSchema: { type: 'object' } }]);
    expect(tool.inputSchema.properties.session_id.type).toBe('string');
    expect(tool.inputSchema).toMatchObject(inputSchema);
    expect(tool.outputSchema).toEqual({ type: 'object' });
  });

  test.each([
    ['an argument of its own with that name', object({ properties: { session_id: { type: 'integer' } } })],
    ['a closed alternative', object({ oneOf: [object({ additionalProperties: false })] })],
    ['a reference', object({ $ref: '#/$defs/a' })],
    ['names that must match', object({ propertyNames: { maxLength: 3 } })],
    ['a maximum of properties', object({ maxProperties: 1 })],
    ['a closed part deep within', object({ allOf: [{ if: { unevaluatedProperties: false } }] })],
  ])('is left to a tool with %s', async (_, inputSchema) => {
    const tool = { name: 't', inputSchema };
    const guest = oldGuest((request) => {
      const isList = request.message.method === 'tools/list';
      replyResult(request, isList ? { tools: [tool] } : { content: [] });
    });
    const handler = edge(guest, false, true);
    const args = { session_id: 's' };
    // Nobody has listed the tools: the edge looks before it takes the argument.
    await send(handler, { method: 'tools/call', params: { name: 't', arguments: args } }).answer;
    expect(guest.asked().slice(-2)).toEqual(['tools/list', 'tools/call']);
    expect(guest.seen.at(-1)!.message.params.arguments).toEqual(args);
    expect((await send(handler, LIST).answer).json.result.tools[0]).toEqual(tool);
  });

  test('the tools are looked for on all pages, and once', async () => {
    const pages = [['a'], ['b'], ['create_session']];
    const guest = oldGuest((request) => {
      const { method, params } = request.message;
      if (method !== 'tools/list') return replyResult(request, { content: [] });
      const at = Number(params.cursor ?? 0);
      const tools = pages[at]!.map((name) => ({ name, inputSchema: { type: 'object' } }));
      replyResult(request, { tools, ...(at < 2 && { nextCursor: String(at + 1) }) });
    });
    const handler = edge(guest, false, true);
    const create = { method: 'tools/call', params: { name: 'create_session' } };
    await send(handler, create).answer;
    await send(handler, create).answer;
    const lists = ['tools/list', 'tools/list', 'tools/list'];
    expect(guest.asked().slice(-5)).toEqual([...lists, 'tools/call', 'tools/call']);
  });
});

async function listed(tools: object[]): Promise<ReturnType<typeof JSON.parse>> {
  const guest = oldGuest((request) => replyResult(request, { tools }));
  return (await send(edge(guest, false, true), LIST).answer).json.result.tools;
}
