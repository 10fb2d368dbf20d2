import { expect, test } from 'vitest';
import { createPaged, type Paged } from '../../page/src/state/paged.ts';

interface Item {
  readonly id: string;
  readonly text?: string;
}

/** Resolves when the list has loaded what it was asked for. */
async function loaded(list: Paged<Item>): Promise<string[]> {
  while (list.state.value.isLoading) await new Promise<void>((resolve) => list.state.subscribe(resolve));
  return list.state.value.items.map(({ id, text }) => id + (text ?? ''));
}

function paged(pages: Record<string, { ids: string[]; next?: string }>): Paged<Item> {
  return createPaged<Item>(
    async (cursor = 'first') => {
      const page = pages[cursor];
      if (page === undefined) throw new Error(`no page ${cursor}`);
      return { items: page.ids.map((id) => ({ id })), next: page.next };
    },
    ({ id }) => id,
  );
}

test('pages are joined, those without hits are skipped, and each item is there once', async () => {
  const list = paged({
    first: { ids: ['a', 'b'], next: '2' },
    2: { ids: [], next: '3' },
    3: { ids: [], next: '4' },
    4: { ids: ['b', 'c'] },
  });
  list.more();
  list.more();
  expect(await loaded(list)).toEqual(['a', 'b']);
  list.more();
  expect(await loaded(list)).toEqual(['a', 'b', 'c']);
  expect(list.state.value.hasMore).toBe(false);
});

test('a refresh puts the new first page before what was loaded of later ones', async () => {
  const pages: Record<string, { ids: string[]; next?: string }> = {
    first: { ids: ['a', 'b'], next: '2' },
    2: { ids: ['c', 'd'], next: '3' },
    3: { ids: ['e'] },
  };
  const list = paged(pages);
  list.more();
  await loaded(list);
  list.more();
  await loaded(list);
  pages.first = { ids: ['d', 'a'], next: 'other' };
  await list.refresh();
  expect(await loaded(list)).toEqual(['d', 'a', 'b', 'c']);
  list.more();
  expect(await loaded(list)).toEqual(['d', 'a', 'b', 'c', 'e']);
});

test('an item is replaced or removed in its place', async () => {
  const list = paged({ first: { ids: ['a', 'b', 'c'] } });
  list.more();
  await loaded(list);
  list.update('b', (item) => ({ ...item, text: '!' }));
  list.update('a', () => undefined);
  list.update('unknown', () => undefined);
  expect(await loaded(list)).toEqual(['b!', 'c']);
});

test('a failure is reported, and what is there stays', async () => {
  const list = paged({ first: { ids: ['a'], next: 'missing' } });
  list.more();
  await loaded(list);
  list.more();
  expect(await loaded(list)).toEqual(['a']);
  expect(list.state.value.error?.message).toBe('no page missing');
});
