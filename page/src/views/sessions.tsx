import { useEffect, useMemo, useState } from 'preact/hooks';
import { listSessions, type SessionChange } from '../api/sessions.ts';
import type { SessionRow } from '../api/types.ts';
import { announce } from '../parts/announce.tsx';
import { bytesText, numberText, shortId, Time } from '../parts/format.tsx';
import { type Column, Grid } from '../parts/grid.tsx';
import { SearchField } from '../parts/search-field.tsx';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import { onEvent } from '../state/events.ts';
import { createLiveList, type LiveList } from '../state/live-list.ts';
import { useValue } from '../state/observable.ts';
import { createPaged, type FetchPage, type Paged } from '../state/paged.ts';
import { navigate, type Route, refine } from '../state/route.ts';
import { compareSessions, matchSessions } from './session-order.ts';
import { SessionPane } from './session-pane.tsx';
import { StateLabel } from './state-label.tsx';

const COLUMNS: readonly Column<SessionRow>[] = [
  { key: 'state', title: 'State', flex: '0 0 5.5rem', cell: ({ state }) => <StateLabel state={state} /> },
  {
    key: 'id',
    title: 'Session',
    flex: '0 0 6rem',
    cell: ({ id }) => (
      <span class="mono" title={id}>
        {shortId(id)}
      </span>
    ),
  },
  {
    key: 'subject',
    title: 'Subject',
    flex: '1 0 5rem',
    cell: ({ subject }) =>
      subject === undefined ? <span class="faint">–</span> : <span title={subject}>{subject}</span>,
  },
  {
    key: 'updated',
    title: 'Last write',
    flex: '0 0 10rem',
    sort: 'updated',
    align: 'end',
    cell: ({ updated }) => <Time at={updated} />,
  },
  {
    key: 'created',
    title: 'Created',
    flex: '0 0 10rem',
    sort: 'created',
    align: 'end',
    optional: true,
    cell: ({ created }) => <Time at={created} />,
  },
  { key: 'keys', title: 'Keys', flex: '0 0 3.5rem', align: 'end', cell: ({ keys }) => numberText(keys) },
  {
    key: 'size',
    title: 'Size',
    flex: '0 0 5rem',
    sort: 'size',
    align: 'end',
    cell: ({ bytes }) => bytesText(bytes),
  },
];

const STATES: readonly (readonly [value: string, title: string])[] = [
  ['', 'All states'],
  ['live', 'Live'],
  ['ended', 'Ended'],
  ['expired', 'Expired'],
];

export function Sessions({ route }: { readonly route: Route }) {
  const { search = '', state = '', sort = 'updated', order = 'desc', bucket } = route.query;
  const id = route.path[1] || undefined;
  const query = { search, state, sort, order };
  const { list, live } = useSessions(query);
  const [isTop, setTop] = useState(true);
  const [isPointed, setPointed] = useState(false);
  const changed = useValue(live.changes);
  const { items, isFirst, isLoading, hasMore, error } = useValue(list.state);

  useEffect(() => live.setFree(isTop && !isPointed), [live, isTop, isPointed]);
  useEffect(() => {
    if (!isFirst && !isLoading) announce(`${items.length}${hasMore ? ' or more' : ''} sessions`);
  }, [list, isFirst, isLoading]);

  const isFiltered = search !== '' || state !== '';
  return (
    <div class={`split ${id === undefined ? '' : 'has-detail'}`}>
      <section class="pane list-pane" aria-label="Sessions">
        <div class="toolbar">
          <SearchField
            label="Search sessions"
            placeholder="Search by session id or subject"
            value={search}
            onSearch={(text) => refine({ search: text.trim() })}
          />
          <select
            aria-label="State"
            value={state}
            onChange={(event) => refine({ state: event.currentTarget.value })}
          >
            {STATES.map(([value, title]) => (
              <option key={value} value={value}>
                {title}
              </option>
            ))}
          </select>
        </div>
        {changed > 0 && (
          <button type="button" class="pill" onClick={live.show}>
            {changed === 1 ? '1 change' : `${numberText(changed)} changes`} – show
          </button>
        )}
        <Grid
          label="Sessions"
          columns={COLUMNS}
          items={items}
          idOf={(item) => item.id}
          selected={id}
          onSelect={(item) => navigate(['sessions', item.id], query)}
          onEnd={list.more}
          onTop={setTop}
          onPointed={setPointed}
          sorted={{ by: sort, order }}
          onSort={(by) => refine({ sort: by, order: by === sort && order === 'desc' ? 'asc' : 'desc' })}
          total={hasMore ? undefined : items.length + 1}
        >
          {error && <Failed error={error} onRetry={isFirst ? list.more : () => void list.refresh()} />}
          {isFirst && !error && <Loading label="Looking through the sessions…" />}
          {!isFirst && !error && items.length === 0 && <NoSessions isFiltered={isFiltered} />}
        </Grid>
        <p class="statusbar">
          {numberText(items.length)}
          {hasMore ? ' loaded, more below' : items.length === 1 ? ' session' : ' sessions'}
          {isLoading && !isFirst && ' · loading…'}
        </p>
      </section>
      {id === undefined ? (
        <section class="pane detail-pane" aria-label="Session">
          <Empty title="No session selected">Choose one from the list to see its values.</Empty>
        </section>
      ) : (
        <SessionPane
          key={`${bucket} ${id}`}
          id={id}
          bucket={bucket}
          onClose={() => navigate(['sessions'], query)}
        />
      )}
    </div>
  );
}

function NoSessions({ isFiltered }: { readonly isFiltered: boolean }) {
  if (!isFiltered)
    return <Empty title="No sessions yet">A session appears here when a client opens one.</Empty>;
  return (
    <Empty title="No session matches">
      <button type="button" onClick={() => refine({ search: '', state: '' })}>
        Clear the filters
      </button>
    </Empty>
  );
}

interface Query {
  readonly search: string;
  readonly state: string;
  readonly sort: string;
  readonly order: string;
}

function useSessions(query: Query): { readonly list: Paged<SessionRow>; readonly live: LiveList } {
  const made = useMemo(() => {
    const fetchPage: FetchPage<SessionRow> = (cursor, signal) => listSessions({ ...query, cursor }, signal);
    const idOf = ({ id }: SessionRow): string => id;
    const list = createPaged(fetchPage, idOf);
    const live = createLiveList(list, {
      idOf,
      compare: compareSessions(query),
      matches: matchSessions(query),
      follow: (changed) =>
        onEvent<SessionChange>('session', ({ id, session }) => changed({ id, item: session ?? undefined })),
    });
    return { list, live };
  }, Object.values(query));
  useEffect(() => {
    made.list.more();
    return () => {
      made.live.close();
      made.list.close();
    };
  }, [made]);
  return made;
}
