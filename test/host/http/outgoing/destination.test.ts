import { expect, test } from 'vitest';
import { destinationOf } from '../../../../host/http/outgoing/destination.ts';
import { thrown } from '../../streams.ts';

test.each([
  ['EXAMPLE.com', 'example.com', 443, 'https://example.com'],
  ['example.com.', 'example.com', 443, 'https://example.com.'],
  ['example.com:443', 'example.com', 443, 'https://example.com'],
  ['example.com:8443', 'example.com', 8443, 'https://example.com:8443'],
  ['0x7f.1:80', '127.0.0.1', 80, 'https://127.0.0.1:80'],
  ['[0:0::1]', '::1', 443, 'https://[::1]'],
  ['ex%61mple.com', 'example.com', 443, 'https://example.com'],
])('%s is one destination in all its spellings', (authority, host, port, origin) => {
  expect(destinationOf(undefined, authority)).toEqual({ scheme: 'https', host, port, origin });
});

// The resource `outgoing-request` refuses these; another implementation of it must not get past this check.
test.each([
  '',
  'a/b',
  'a?b',
  'a#b',
  'a\\b',
  'u@a',
  'u:p@a',
  ' a',
  'a ',
  'a\tb',
  'a\nb',
  'a:b',
  ':80',
  '.',
  'a..',
  'a..b',
])('%j is not a destination', (authority) => {
  expect(thrown(() => destinationOf({ tag: 'HTTP' }, authority))).toEqual({
    tag: 'HTTP-request-URI-invalid',
  });
});
