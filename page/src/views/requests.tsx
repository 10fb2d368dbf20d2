import type { RequestRecord } from '../api/types.ts';
import { bytesText, clockTime, millisecondsText, numberText, timeText } from '../parts/format.tsx';
import { type Column, Grid } from '../parts/grid.tsx';
import { Scrolled } from '../parts/scrolled.tsx';
import { SearchField } from '../parts/search-field.tsx';
import { Empty } from '../parts/states.tsx';
import { Legend, PARTS, partsOf, TimingBar } from '../parts/timing.tsx';
import { useValue } from '../state/observable.ts';
import { clearRequests, isPaused, requests, setPaused } from '../state/requests.ts';
import { link, navigate, type Route, refine } from '../state/route.ts';
import { isFailed } from '../state/seconds.ts';

/** The share of requests whose bars are shown whole. */
const WHOLE = 0.95;
/** Milliseconds that fill a bar at least, so that a few quick requests do not look slow. */
const LEAST = 2;

export function Requests({ route }: { readonly route: Route }) {
  const { search = '', only = '' } = route.query;
  const id = route.path[1] || undefined;
  const all = useValue(requests);
  const paused = useValue(isPaused);
  const shown = all.filter((record) => matches(record, search.toLowerCase(), only));
  const selected = id === undefined ? undefined : all.find((record) => String(record.id) === id);
  const full = scaleOf(shown);
  return (
    <div class={`split wide-list ${selected === undefined ? '' : 'has-detail'}`}>
      <section class="pane list-pane" aria-label="Requests">
        <div class="toolbar">
          <SearchField
            label="Filter requests"
            placeholder="Filter by method, tool, path, status or session"
            value={search}
            onSearch={(text) => refine({ search: text.trim() })}
          />
          <select
            aria-label="Which"
            value={only}
            onChange={(event) => refine({ only: event.currentTarget.value })}
          >
            <option value="">All requests</option>
            <option value="failed">Failed only</option>
          </select>
          <button type="button" aria-pressed={paused} onClick={() => setPaused(!paused)}>
            {paused ? 'Continue' : 'Pause'}
          </button>
          <button type="button" onClick={clearRequests}>
            Clear
          </button>
          <Legend />
        </div>
        <Grid
          label="Requests, newest first"
          columns={columns(full)}
          items={shown}
          idOf={(record) => String(record.id)}
          selected={id}
          onSelect={(record) => navigate(['requests', String(record.id)], route.query)}
          total={shown.length + 1}
        >
          {shown.length === 0 && <NoRequests isFiltered={all.length > 0} />}
        </Grid>
        <p class="statusbar">
          {numberText(shown.length)} {shown.length === 1 ? 'request' : 'requests'} since this page was opened
          {shown.length < all.length && ` of ${numberText(all.length)}`}
          {paused && ' · paused'} · a full bar is {millisecondsText(full)}
        </p>
      </section>
      {selected && <RequestPane record={selected} onClose={() => navigate(['requests'], route.query)} />}
    </div>
  );
}

function NoRequests({ isFiltered }: { readonly isFiltered: boolean }) {
  return isFiltered ? (
    <Empty title="No request matches" />
  ) : (
    <Empty title="No requests yet">Each request appears here when its response is over.</Empty>
  );
}

function columns(full: number): readonly Column<RequestRecord>[] {
  return [
    {
      key: 'at',
      title: 'Time',
      flex: '0 0 5rem',
      optional: true,
      cell: ({ at }) => <span class="faint">{clockTime(at)}</span>,
    },
    { key: 'status', title: 'Status', flex: '0 0 3.75rem', cell: (record) => <Status record={record} /> },
    { key: 'method', title: 'HTTP', flex: '0 0 4.25rem', optional: true, cell: ({ method }) => method },
    { key: 'what', title: 'Request', flex: '1 0 7rem', cell: (record) => <What record={record} /> },
    {
      key: 'session',
      title: 'Session',
      flex: '0 0 5.5rem',
      optional: true,
      cell: ({ session }) => <span class="mono faint">{session ?? '–'}</span>,
    },
    {
      key: 'total',
      title: 'Total',
      flex: '0 0 5.5rem',
      align: 'end',
      cell: ({ times }) => millisecondsText(times.total),
    },
    {
      key: 'bar',
      title: 'Timing',
      flex: '1.2 0 5rem',
      cell: ({ times }) => <TimingBar times={times} full={full} />,
    },
  ];
}

function Status({ record }: { readonly record: RequestRecord }) {
  const { status, error } = record;
  const kind = status >= 500 || status === 0 ? 'bad' : status >= 400 || error !== undefined ? 'warn' : 'good';
  return (
    <span class={`status status-${kind}`} title={error}>
      {status === 0 ? 'left' : status}
      {error !== undefined && status < 400 && status > 0 ? ' !' : ''}
    </span>
  );
}

function What({ record: { mcp, method, path } }: { readonly record: RequestRecord }) {
  if (mcp?.method === undefined) {
    return <span title={`${method} ${path}`}>{path}</span>;
  }
  return (
    <span title={`${mcp.method} ${mcp.target ?? ''}`}>
      {mcp.method}
      {mcp.target !== undefined && <strong class="target"> {mcp.target}</strong>}
    </span>
  );
}

interface PaneProps {
  readonly record: RequestRecord;
  readonly onClose: () => void;
}

function RequestPane({ record, onClose }: PaneProps) {
  const { id, at, method, path, mcp, session, error, times, bytesIn, bytesOut } = record;
  const parts = partsOf(times);
  return (
    <section class="pane detail-pane" aria-label={`Request ${id}`}>
      <header class="detail-head">
        <button type="button" class="back" onClick={onClose}>
          <span aria-hidden="true">‹ </span>Requests
        </button>
        <h2>
          <What record={record} />
        </h2>
        <span class="space" />
        <button type="button" class="icon close" aria-label="Close the request's pane" onClick={onClose}>
          ×
        </button>
      </header>
      <Scrolled kind="detail-body" label="Details">
        <dl class="facts">
          <dt>HTTP</dt>
          <dd class="selectable">
            {method} {path}
          </dd>
          <dt>Status</dt>
          <dd>
            <Status record={record} />
          </dd>
          {error !== undefined && <dt>Error</dt>}
          {error !== undefined && <dd class="mono selectable">{error}</dd>}
          {mcp?.method !== undefined && <dt>MCP</dt>}
          {mcp?.method !== undefined && (
            <dd class="selectable">
              {mcp.method} {mcp.target}
            </dd>
          )}
          {session !== undefined && <dt>Session</dt>}
          {session !== undefined && (
            <dd>
              <a class="mono" href={link(['sessions'], { search: session })}>
                {session}…
              </a>
            </dd>
          )}
          <dt>Began</dt>
          <dd>{timeText(at)}</dd>
          {bytesOut !== undefined && <dt>Bodies</dt>}
          {bytesOut !== undefined && (
            <dd>
              {bytesText(bytesIn ?? 0)} in, {bytesText(bytesOut)} out
            </dd>
          )}
        </dl>
        <h3>Time: {millisecondsText(times.total)}</h3>
        <TimingBar times={times} full={Math.max(times.total, 0.001)} />
        <dl class="facts timing-facts">
          {PARTS.map(({ part, title, text }) => (
            <div key={part} class="fact-row">
              <dt>
                <span class={`swatch part-${part}`} aria-hidden="true" />
                {title}
              </dt>
              <dd class="number end">{millisecondsText(parts[part])}</dd>
              <dd class="faint">{text}</dd>
            </div>
          ))}
        </dl>
      </Scrolled>
    </section>
  );
}

function matches(record: RequestRecord, search: string, only: string): boolean {
  const { status, error, method, path, mcp, session } = record;
  if (only === 'failed' && !isFailed(record)) return false;
  if (search === '') return true;
  const words = [method, path, String(status), mcp?.method, mcp?.target, session, error];
  return words.some((word) => word?.toLowerCase().includes(search));
}

/** The milliseconds that fill a bar. */
function scaleOf(records: readonly RequestRecord[]): number {
  const totals = records
    .slice(0, 500)
    .map(({ times }) => times.total)
    .sort((a, b) => a - b);
  return Math.max(LEAST, totals[Math.floor((totals.length - 1) * WHOLE)] ?? LEAST);
}
