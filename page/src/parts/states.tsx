import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** In the place of a list or a pane that has nothing to show. */
export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children && <div class="empty-text">{children}</div>}
    </div>
  );
}

/** Says for how long it has been loading, once that is a second. */
export function Loading({ label }: { readonly label: string }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const began = Date.now();
    const timer = setInterval(() => setSeconds(Math.floor((Date.now() - began) / 1000)), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <div class="empty" aria-busy="true">
      <p class="loading">{label}</p>
      {seconds > 0 && <p class="empty-text">{`${seconds} s so far`}</p>}
    </div>
  );
}

export function Failed({ error, onRetry }: { readonly error: Error; readonly onRetry: () => void }) {
  return (
    <div class="empty" role="alert">
      <p class="empty-title">This could not be loaded</p>
      <p class="empty-text">{error.message}</p>
      <button type="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}
