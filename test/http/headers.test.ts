import { describe, expect, test } from 'vitest';
import {
  filterHeaders,
  header,
  headerPairs,
  headerValues,
  withHeader,
  withoutHeaders,
} from '../../src/http/headers.ts';

const LIST = ['Accept', 'a', 'X-One', 'accept', 'ACCEPT', 'b'];

describe('a flat list of headers', () => {
  test('is searched by name in any case, and never by value', () => {
    expect(header(LIST, 'accept')).toBe('a');
    expect(headerValues(LIST, 'accept')).toEqual(['a', 'b']);
    expect(header(['x', 'accept'], 'accept')).toBeUndefined();
    expect(headerValues(LIST, 'accep')).toEqual([]);
  });

  test('becomes pairs in order', () => {
    expect(headerPairs(LIST)).toEqual([
      ['Accept', 'a'],
      ['X-One', 'accept'],
      ['ACCEPT', 'b'],
    ]);
  });

  test('loses headers by name, and keeps the spelling of the others', () => {
    expect(withoutHeaders(LIST, 'accept', 'host')).toEqual(['X-One', 'accept']);
    expect(filterHeaders(LIST, (name) => name === 'accept')).toEqual(['Accept', 'a', 'ACCEPT', 'b']);
  });

  test('gets a header once, in place of all of that name', () => {
    expect(withHeader(LIST, 'Accept', 'c')).toEqual(['X-One', 'accept', 'Accept', 'c']);
    expect(LIST).toHaveLength(6);
  });
});
