import { useEffect, useMemo, useState } from 'preact/hooks';
import { listBuckets, listKeys } from '../api/buckets.ts';
import type { KeyEntry } from '../api/types.ts';
import { bytesText, numberText, Time } from '../parts/format.tsx';
import { type Column, Grid } from '../parts/grid.tsx';
import { SearchField } from '../parts/search-field.tsx';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import { useValue } from '../state/observable.ts';
import { createPaged } from '../state/paged.ts';
import { useResource } from '../state/resource.ts';
import { navigate, type Route, refine } from '../state/route.ts';
import { KeyPane, type SeenKey } from './key-pane.tsx';

const COLUMNS: readonly Column<KeyEntry>[] = [
  {
    key: 'key',
    title: 'Key',
    flex: '1 0 10rem',
    cell: ({ key }) => (
      <span class="mono" title={key}>
        {key}
      </span>
    ),
  },
  {
    key: 'size',
    title: 'Size',
    flex: '0 0 5rem',
    align: 'end',
    cell: ({ size }) => bytesText(size),
  },
  {
    key: 'updated',
    title: 'Last write',
    flex: '0 0 6.5rem',
    align: 'end',
    optional: true,
    cell: ({ updated }) => <Time at={updated} />,
  },
];

export function Buckets({ route }: { readonly route: Route }) {
  const { value: buckets, error, reload } = useResource(listBuckets, []);
  const [seen, setSeen] = useState<SeenKey>();
  const bucket = route.path[1] || buckets?.[0]?.name;
  const key = route.path[2];
  if (error && !buckets) return <Failed error={error} onRetry={reload} />;
  if (!buckets) return <Loading label="Loading buckets…" />;
  if (bucket === undefined)
    return <Empty title="No buckets yet">A bucket appears here when a guest writes to it.</Empty>;
  return (
    <div class={`split ${key === undefined ? '' : 'has-detail'}`}>
      <section class="pane list-pane" aria-label="Keys">
        <div class="toolbar">
          <label class="inline">
            Bucket
            <select value={bucket} onChange={(event) => navigate(['buckets', event.currentTarget.value])}>
              {buckets.map(({ name }) => (
                <option key={name} value={name}>
                  {name === '' ? '(no name)' : name}
                </option>
              ))}
            </select>
          </label>
          <SearchField
            label="Keys that begin with"
            placeholder="Keys that begin with…"
            value={route.query.prefix ?? ''}
            onSearch={(text) => refine({ prefix: text })}
          />
        </div>
        <Keys key={bucket} bucket={bucket} route={route} selected={key} seen={seen} />
      </section>
      {key === undefined ? (
        <section class="pane detail-pane" aria-label="Value">
          <Empty title="No key selected">Choose one from the list to see its value.</Empty>
        </section>
      ) : (
        <KeyPane
          key={`${bucket}/${key}`}
          bucket={bucket}
          name={key}
          onSeen={setSeen}
          onClose={() => navigate(['buckets', bucket], route.query)}
        />
      )}
    </div>
  );
}

interface KeysProps {
  readonly bucket: string;
  readonly route: Route;
  readonly selected: string | undefined;
  readonly seen: SeenKey | undefined;
}

function Keys({ bucket, route, selected, seen }: KeysProps) {
  const { prefix = '' } = route.query;
  const list = useMemo(
    () =>
      createPaged<KeyEntry>(
        (cursor, signal) => listKeys(bucket, prefix, cursor, signal),
        ({ key }) => key,
      ),
    [bucket, prefix],
  );
  useEffect(() => {
    list.more();
    return list.close;
  }, [list]);
  useEffect(() => {
    if (seen === undefined) return;
    const { key, entry } = seen;
    list.update(key, (item) => entry && { ...item, size: entry.size, updated: entry.updated });
  }, [list, seen]);
  const { items, isFirst, isLoading, hasMore, error } = useValue(list.state);
  return (
    <>
      <Grid
        label={`Keys of ${bucket}`}
        columns={COLUMNS}
        items={items}
        idOf={({ key }) => key}
        selected={selected}
        onSelect={({ key }) => navigate(['buckets', bucket, key], route.query)}
        onEnd={list.more}
        total={hasMore ? undefined : items.length + 1}
      >
        {error && <Failed error={error} onRetry={list.more} />}
        {isFirst && !error && <Loading label="Loading keys…" />}
        {!isFirst && !error && items.length === 0 && (
          <Empty title={prefix === '' ? 'This bucket is empty' : 'No key begins with this'} />
        )}
      </Grid>
      <p class="statusbar">
        {numberText(items.length)}
        {hasMore ? ' loaded, more below' : items.length === 1 ? ' key' : ' keys'}
        {isLoading && !isFirst && ' · loading…'}
        <span class="space" />
        <button type="button" class="quiet" onClick={() => void list.refresh()}>
          Refresh
        </button>
      </p>
    </>
  );
}
