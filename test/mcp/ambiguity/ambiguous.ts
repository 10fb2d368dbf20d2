import { CAPABILITIES, VERSION } from '../../support/modern.ts';
import { BOTH } from '../edge/session-guest.ts';

export const META: string = `"_meta":{"${VERSION}":"2026-07-28","${CAPABILITIES}":{}}`;
export const MODERN: Readonly<Record<string, string>> = {
  ...BOTH,
  'content-type': 'application/json',
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'tools/call',
  'mcp-name': 'counter',
};
export const HEAD = '"jsonrpc":"2.0","id":1,"method":"tools/call"';
export const OTHER = '"name":"test_simple_text"';

const CASES: readonly (readonly [what: string, text: string, reason: string, id?: null])[] = [
  [
    'a method',
    `{"method":"ping",${HEAD},"params":{"name":"counter",${META}}}`,
    '"method" occurs twice in the message',
  ],
  [
    'a method after all else',
    `{${HEAD},"params":{"name":"counter",${META}},"method":"tools/call"}`,
    '"method" occurs twice in the message',
  ],
  [
    'a method in escapes',
    `{"\\u006dethod":"ping",${HEAD},"params":{"name":"counter",${META}}}`,
    '"method" occurs twice in the message',
  ],
  [
    'a method of another type',
    `{"method":5,${HEAD},"params":{"name":"counter",${META}}}`,
    '"method" occurs twice in the message',
  ],
  [
    'params',
    `{${HEAD},"params":{${OTHER},${META}},"params":{"name":"counter",${META}}}`,
    '"params" occurs twice in the message',
  ],
  [
    'params in escapes',
    `{${HEAD},"para\\u006ds":{${OTHER},${META}},"params":{"name":"counter",${META}}}`,
    '"params" occurs twice in the message',
  ],
  ['an id', `{"id":2,${HEAD},"params":{"name":"counter",${META}}}`, '"id" occurs twice in the message', null],
  [
    'a version',
    `{"jsonrpc":"1.0",${HEAD},"params":{"name":"counter",${META}}}`,
    '"jsonrpc" occurs twice in the message',
  ],
  ['a name', `{${HEAD},"params":{${OTHER},${META},"name":"counter"}}`, '"name" occurs twice in params'],
  [
    'a name in escapes',
    `{${HEAD},"params":{"n\\u0061me":"test_simple_text",${META},"name":"counter"}}`,
    '"name" occurs twice in params',
  ],
  [
    'a name in escaped params',
    `{${HEAD},"\\u0070arams":{${OTHER},${META},"name":"counter"}}`,
    '"name" occurs twice in params',
  ],
  [
    'arguments',
    `{${HEAD},"params":{"arguments":{"a":1},"name":"counter","arguments":{},${META}}}`,
    '"arguments" occurs twice in params',
  ],
  ['_meta', `{${HEAD},"params":{"_meta":{},"name":"counter",${META}}}`, '"_meta" occurs twice in params'],
  [
    'a member of _meta',
    `{${HEAD},"params":{"name":"counter","_meta":{"${VERSION}":"x","${CAPABILITIES}":{},"${VERSION}":"2026-07-28"}}}`,
    `"${VERSION}" occurs twice in params._meta`,
  ],
  [
    'a member of _meta before the name',
    `{"params":{"_meta":{"progressToken":1,"${VERSION}":"2026-07-28","${CAPABILITIES}":{},"progressToken":2},"name":"counter"},${HEAD}}`,
    '"progressToken" occurs twice in params._meta',
  ],
  [
    'a name after _meta',
    `{${HEAD},"params":{"name":"counter",${META},"name":"counter"}}`,
    '"name" occurs twice in params',
  ],
  [
    'a method in capitals',
    `{"METHOD":"ping",${HEAD},"params":{"name":"counter",${META}}}`,
    '"METHOD" in the message differs from "method" in case only',
  ],
  [
    'params with a long s',
    `{${HEAD},"params":{"name":"counter",${META}},"param\u017f":{}}`,
    '"params" and "param\u017f" in the message differ in case only',
  ],
  [
    'a name in capitals',
    `{${HEAD},"params":{"Name":"test_simple_text","name":"counter",${META}}}`,
    '"Name" and "name" in params differ in case only',
  ],
  [
    'a result beside',
    `{${HEAD},"params":{"name":"counter",${META}},"result":{}}`,
    'the message has "method" and "result"',
    null,
  ],
  [
    'white space between',
    `\n{ "id"\t: 2 ,${HEAD}, "params" : { "name":"counter",${META}} }`,
    '"id" occurs twice in the message',
    null,
  ],
  [
    'much between',
    `{${HEAD},"params":{"name":"counter",${META},"arguments":{"a":["}\\"{",{"name":1}]}},"method":"tools/call"}`,
    '"method" occurs twice in the message',
  ],
  [
    'many members',
    `{${HEAD},"params":{${Array.from({ length: 100 }, (_, n) => `"m${n}":0`)},"m7":1,"name":"counter",${META}}}`,
    '"m7" occurs twice in params',
  ],
];

/** What is refused, why, and the id of the error: the request's, unless it is in doubt. For some parsers, each is what the headers say. */
export const AMBIGUOUS: readonly (readonly [what: string, text: string, reason: string, id: 1 | null])[] =
  CASES.map(([what, text, reason, id]) => [what, text, reason, id === null ? null : 1]);

export function refusal(reason: string, id: 1 | null): object {
  return { jsonrpc: '2.0', id, error: { code: -32600, message: reason } };
}

/** The same for clients of earlier revisions: the body names no version. */
export const earlier = (text: string): string => text.replaceAll('io.modelcontextprotocol', 'example.com');
