import { call } from '../api/client.ts';
import type { Overview as OverviewData, Sample } from '../api/types.ts';
import { numberText, TimeAndAgo } from '../parts/format.tsx';
import { Scrolled } from '../parts/scrolled.tsx';
import { Failed, Loading } from '../parts/states.tsx';
import { useValue } from '../state/observable.ts';
import { seconds } from '../state/requests.ts';
import { useResource } from '../state/resource.ts';
import { samples } from '../state/samples.ts';
import { Plots } from './plots.tsx';

export function Overview() {
  const { value, error, reload } = useResource((signal) => call<OverviewData>(['overview'], { signal }), []);
  const measured = useValue(samples);
  return (
    <Scrolled kind="page-body" label="Overview">
      <h1>Overview</h1>
      {error && !value && <Failed error={error} onRetry={reload} />}
      {!value && !error && <Loading label="Loading…" />}
      {value && <Tiles overview={value} sample={measured.at(-1)} />}
      <Plots measured={measured} seconds={seconds.list()} />
    </Scrolled>
  );
}

interface TilesProps {
  readonly overview: OverviewData;
  readonly sample: Sample | undefined;
}

function Tiles({ overview, sample = overview.load }: TilesProps) {
  const { version, node, uptime, component, store, sessions } = overview;
  return (
    <dl class="tiles">
      <Tile title="State" value={PHASES[sample.phase] ?? sample.phase} />
      <Tile title="Component" value={fileName(component.source)} detail={component.digest.slice(0, 12)} />
      <Tile title="Store" value={store ? kindOf(store.url) : 'none'} detail={store?.url} />
      <Tile title="Workers" value={numberText(sample.workers)} />
      <Tile title="Sessions purged" value={numberText(sessions.purged)} />
      <div class="tile">
        <dt>Started</dt>
        <dd>
          <TimeAndAgo at={overview.load.at - uptime * 1000} />
        </dd>
      </div>
      <Tile title="Versions" value={version} detail={`Node.js ${node}`} />
    </dl>
  );
}

const PHASES: Readonly<Record<string, string>> = {
  starting: 'Starting',
  ready: 'Ready',
  draining: 'Draining',
  'store-broken': 'Store broken',
  'store-unavailable': 'Store unavailable',
};

interface TileProps {
  readonly title: string;
  readonly value: string;
  readonly detail?: string | undefined;
}

function Tile({ title, value, detail }: TileProps) {
  return (
    <div class="tile">
      <dt>{title}</dt>
      <dd title={detail}>
        {value}
        {detail !== undefined && <span class="small faint">{detail}</span>}
      </dd>
    </div>
  );
}

function fileName(path: string): string {
  return path.split(/[\\/]/).at(-1) || path;
}

function kindOf(url: string): string {
  return url.split(':', 1)[0]!;
}
