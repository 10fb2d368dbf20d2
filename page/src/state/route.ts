import { createSource, type Observable } from './observable.ts';

/** What the address shows: `#/sessions/ID?state=live` is the path `sessions`, `ID` with one parameter. */
export interface Route {
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

export const HOME: readonly string[] = ['sessions'];

const current = createSource<Route>(parse(location.hash));

export const route: Observable<Route> = current;

addEventListener('hashchange', () => current.set(parse(location.hash)));

function parse(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const parts = path.split('/').map(decode);
  return { path: path === '' ? HOME : parts, query: Object.fromEntries(new URLSearchParams(search)) };
}

/** A link may have been typed by hand. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

type Query = Readonly<Record<string, string | undefined>>;

export function link(path: readonly string[], query: Query = {}): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const search = new URLSearchParams(given).toString();
  return `#/${path.map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`;
}

export function navigate(path: readonly string[], query: Query = {}): void {
  location.hash = link(path, query);
}

/** Changes parameters only, without a step in the browser's history: for what is typed. */
export function refine(query: Query): void {
  const { path, query: before } = current.value;
  history.replaceState(null, '', link(path, { ...before, ...query }));
  current.set(parse(location.hash));
}
