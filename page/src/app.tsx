import { useEffect, useState } from 'preact/hooks';
import { type ApiError, forgetToken, hasToken, onRejected, setToken } from './api/client.ts';
import { listenToKeys } from './keyboard.ts';
import { Announcer } from './parts/announce.tsx';
import { ConnectionBanner, ConnectionState } from './parts/connection.tsx';
import { Shortcuts } from './parts/shortcuts.tsx';
import { ThemeButton } from './parts/theme-button.tsx';
import { connect, disconnect } from './state/events.ts';
import { useValue } from './state/observable.ts';
import { link, navigate, type Route, route } from './state/route.ts';
import { Buckets } from './views/buckets.tsx';
import { Login } from './views/login.tsx';
import { Overview } from './views/overview.tsx';
import { Requests } from './views/requests.tsx';
import { Sessions } from './views/sessions.tsx';

const VIEWS: readonly { readonly path: string; readonly title: string }[] = [
  { path: 'sessions', title: 'Sessions' },
  { path: 'requests', title: 'Requests' },
  { path: 'buckets', title: 'Buckets' },
  { path: 'overview', title: 'Overview' },
];

export function App() {
  const current = useValue(route);
  const [rejection, setRejection] = useState<ApiError>();
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    onRejected((error) => {
      disconnect();
      setRejection(error);
    });
    listenToKeys(leave);
  }, []);

  useEffect(() => {
    if (rejection === undefined) connect();
  }, [rejection, attempt]);

  function logIn(token: string): void {
    setToken(token);
    setRejection(undefined);
    setAttempt(attempt + 1);
  }

  function logOut(): void {
    forgetToken();
    location.reload();
  }

  const [view = 'sessions'] = current.path;
  const { title = 'Not found' } = VIEWS.find(({ path }) => path === view) ?? {};
  useEffect(() => {
    document.title = `${title} · wasmcp-node`;
  }, [title]);

  if (rejection !== undefined) return <Login rejection={rejection} onToken={logIn} />;
  return (
    <>
      <header class="top">
        <span class="brand">wasmcp-node</span>
        <nav aria-label="Views">
          {VIEWS.map(({ path, title: name }) => (
            <a key={path} href={link([path])} {...(path === view && { 'aria-current': 'page' })}>
              {name}
            </a>
          ))}
        </nav>
        <span class="space" />
        <ConnectionState />
        <Shortcuts />
        <ThemeButton />
        {hasToken() && (
          <button type="button" class="quiet" onClick={logOut}>
            Log out
          </button>
        )}
      </header>
      <ConnectionBanner />
      <main key={attempt}>
        {view !== 'overview' && <h1 class="hidden">{title}</h1>}
        <View view={view} route={current} />
      </main>
      <Announcer />
    </>
  );
}

function View({ view, route: shown }: { readonly view: string; readonly route: Route }) {
  if (view === 'sessions') return <Sessions route={shown} />;
  if (view === 'requests') return <Requests route={shown} />;
  if (view === 'buckets') return <Buckets route={shown} />;
  if (view === 'overview') return <Overview />;
  return (
    <div class="page-body">
      <p>There is no such view.</p>
      <p>
        <a href={link(['sessions'])}>Go to the sessions</a>
      </p>
    </div>
  );
}

/** From a pane's content back to its list. */
function leave(): void {
  const { path, query } = route.value;
  const isKey = path[0] === 'buckets';
  if (path.length > (isKey ? 2 : 1)) navigate(path.slice(0, -1), query);
}
