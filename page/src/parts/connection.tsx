import { useEffect, useState } from 'preact/hooks';
import { connect, connection } from '../state/events.ts';
import { useValue } from '../state/observable.ts';

const TITLES = { live: 'Live', connecting: 'Connecting…', lost: 'Disconnected', stopped: 'Stopped' } as const;

export function ConnectionState() {
  const { name } = useValue(connection);
  return (
    <span class={`connection connection-${name}`} role="status">
      <span class="dot" aria-hidden="true" />
      {TITLES[name]}
    </span>
  );
}

/** Shown while there are no live updates: what is on the page may be out of date. */
export function ConnectionBanner() {
  const current = useValue(connection);
  const [isAgain, setAgain] = useState(false);
  useEffect(() => {
    if (current.name === 'lost') setAgain(true);
    if (current.name === 'live') setAgain(false);
  }, [current]);
  if (current.name !== 'lost' && !(isAgain && current.name === 'connecting')) return null;
  return (
    <div class="banner banner-lost" role="alert">
      <span>The connection to the server is lost. What you see may be out of date.</span>
      {current.name === 'lost' ? (
        <>
          <Countdown until={current.at} />
          <button type="button" onClick={connect}>
            Try now
          </button>
        </>
      ) : (
        <span aria-hidden="true">Connecting…</span>
      )}
    </div>
  );
}

/** Not read out each second. */
function Countdown({ until }: { readonly until: number }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, []);
  return <span aria-hidden="true">Next attempt in {Math.max(0, Math.ceil((until - now) / 1000))} s.</span>;
}
