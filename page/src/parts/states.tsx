import type { ComponentChildren } from 'preact';

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

export function Loading({ label }: { readonly label: string }) {
  return (
    <div class="empty" aria-busy="true">
      <p class="loading">{label}</p>
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
