import { describe, expect, test } from 'vitest';
import { type ModernRequest, modernText } from '../../support/modern.ts';
import { ask, type Json, type PlayedGuest, playGuest, replyResult } from '../edge/guest.ts';
import { DISCOVER, edge, LIST, oldGuest, send } from './edge-of.ts';

describe('arguments that headers mirror', () => {
  const property = (type: string, name: string): Json => ({ type, 'x-mcp-header': name });
  const properties = {
    region: property('string', 'Region'),
    size: property('integer', 'Size'),
    deep: { type: 'object', properties: { flag: property('boolean', 'Flag') } },
    ratio: property('number', 'Ratio'),
  };
  const guest = oldGuest((request) =>
    replyResult(request, { tools: [{ name: 'query', inputSchema: { type: 'object', properties } }] }),
  );
  const handler = edge(guest);
  const call = (args: object, headers: Record<string, string>) =>
    send(handler, { method: 'tools/call', params: { name: 'query', arguments: args }, headers }).answer;

  test.each([
    ['equal', { region: 'eu' }, { 'mcp-param-region': 'eu' }, 200],
    ['equal in base64', { region: 'ü' }, { 'mcp-param-region': '=?base64?w7w=?=' }, 200],
    ['equal as numbers', { size: 42 }, { 'mcp-param-size': '42.0' }, 200],
    ['equal and nested', { deep: { flag: true } }, { 'mcp-param-flag': 'true' }, 200],
    ['absent', { region: null }, {}, 200],
    ['of a type that is not mirrored', { ratio: 1.5 }, { 'mcp-param-ratio': '2' }, 200],
    ['unknown', {}, { 'mcp-param-other': 'x' }, 200],
    ['different', { region: 'eu' }, { 'mcp-param-region': 'us' }, 400],
    ['different as numbers', { size: 42 }, { 'mcp-param-size': '' }, 400],
    ['different and nested', { deep: { flag: true } }, { 'mcp-param-flag': 'false' }, 400],
    ['missing in the headers', { region: 'eu' }, {}, 400],
    ['missing in the body', {}, { 'mcp-param-region': 'eu' }, 400],
    ['in bad base64', { region: 'eu' }, { 'mcp-param-region': '=?base64?!?=' }, 400],
  ])('%s', async (_, args, headers, status) => {
    await send(handler, LIST).answer;
    const answer = await call(args, headers);
    expect(answer.status).toBe(status);
    expect(answer.json.error?.code).toBe(status === 400 ? -32020 : undefined);
  });
});

describe('arguments that headers mirror and that occur twice', () => {
  const properties = {
    region: { type: 'string', 'x-mcp-header': 'Region' },
    deep: { type: 'object', properties: { flag: { type: 'boolean', 'x-mcp-header': 'Flag' } } },
  };
  const guest = oldGuest((request) =>
    replyResult(request, { tools: [{ name: 'query', inputSchema: { type: 'object', properties } }] }),
  );
  const handler = edge(guest);

  async function call(args: string): Promise<Json> {
    await send(handler, LIST).answer;
    const headers = { 'mcp-param-region': 'eu', 'mcp-param-flag': 'true' };
    const request = modernText({ method: 'tools/call', params: { name: 'query', arguments: 0 }, headers });
    return ask(handler, request.body.replace('"arguments":0', `"arguments":${args}`), request.headers).answer;
  }

  test.each([
    ['"region":"us","region":"eu","deep":{"flag":true}', '"region" occurs twice in params.arguments'],
    ['"r\\u0065gion":"us","region":"eu","deep":{"flag":true}', '"region" occurs twice in params.arguments'],
    [
      '"Region":"us","region":"eu","deep":{"flag":true}',
      '"Region" and "region" in params.arguments differ in case only',
    ],
    ['"deep":{"flag":false},"deep":{"flag":true},"region":"eu"', '"deep" occurs twice in params.arguments'],
    ['"deep":{"flag":false,"flag":true},"region":"eu"', '"flag" occurs twice in params.arguments.deep'],
  ])('are refused: %s', async (args, message) => {
    const before = guest.seen.length;
    expect(await call(`{${args}}`)).toMatchObject({
      status: 400,
      json: { id: 1, error: { code: -32600, message } },
    });
    expect(guest.asked().slice(before)).not.toContain('tools/call');
  });

  test('are left to the guest if no header mirrors them', async () => {
    const args = '{"region":"eu","other":1,"other":2,"deep":{"flag":true,"x":1,"x":2}}';
    expect((await call(args)).status).toBe(200);
    expect(guest.seen.at(-1)?.text).toContain(args);
  });
});

describe('a guest of 2026-07-28', () => {
  const modernGuest = (): PlayedGuest =>
    playGuest((request) => {
      if (request.message.method !== 'server/discover')
        replyResult(request, { resultType: 'complete', own: true });
      else replyResult(request, { supportedVersions: ['2027-01-01', '2026-07-28'], capabilities: {} });
    });

  test('gets its clients as they are, and they get its responses', async () => {
    const guest = modernGuest();
    const handler = edge(guest);
    const { text } = await send(handler, LIST).answer;
    expect(JSON.parse(text)).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: { resultType: 'complete', own: true },
    });
    await send(handler, DISCOVER).answer;
    await send(handler, { method: 'subscriptions/listen' }).answer;
    expect(guest.asked()).toEqual([
      'server/discover',
      'tools/list',
      'server/discover',
      'subscriptions/listen',
    ]);
    expect(guest.seen[1]!.headers.get('mcp-protocol-version')).toBe('2026-07-28');
  });

  test('is served with the versions that it lists', async () => {
    const handler = edge(modernGuest());
    const version = (name: string): ModernRequest => ({
      ...LIST,
      meta: { 'io.modelcontextprotocol/protocolVersion': name },
      headers: { 'mcp-protocol-version': name },
    });
    expect((await send(handler, version('2027-01-01')).answer).json.result.own).toBe(true);
    const unknown = await send(handler, version('2028-01-01')).answer;
    expect(unknown.json.error.data.supported).toEqual(['2027-01-01', '2026-07-28']);
  });

  test('does not get a request whose headers do not agree with its body', async () => {
    const guest = modernGuest();
    const { status } = await send(edge(guest), { ...LIST, headers: { 'mcp-method': 'tools/call' } }).answer;
    expect([status, guest.seen]).toEqual([400, []]);
  });
});
