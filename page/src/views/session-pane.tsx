import { useEffect, useState } from 'preact/hooks';
import {
  deleteValue,
  endSession,
  readSession,
  type SessionChange,
  type SessionPlace,
} from '../api/sessions.ts';
import type { Session, SessionValue } from '../api/types.ts';
import { announce, notify } from '../parts/announce.tsx';
import { Confirm } from '../parts/dialog.tsx';
import { bytesText, numberText, shortId, TimeAndAgo } from '../parts/format.tsx';
import { Scrolled } from '../parts/scrolled.tsx';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import { onEvent } from '../state/events.ts';
import { useResource } from '../state/resource.ts';
import { fromBase64 } from './bytes.ts';
import { StateLabel } from './state-label.tsx';
import { ValueCard } from './value-card.tsx';
import { ValueEditor } from './value-editor.tsx';

interface PaneProps {
  readonly id: string;
  /** Undefined for the one with the server's sessions. */
  readonly bucket: string | undefined;
  readonly onClose: () => void;
}

type Open =
  | { readonly name: 'end' | 'add' }
  | { readonly name: 'edit' | 'delete'; readonly value: SessionValue };

export function SessionPane({ id, bucket, onClose }: PaneProps) {
  const place = { id, bucket };
  const { value: session, error, reload } = useResource((signal) => readSession(place, signal), [id, bucket]);
  const [open, setOpen] = useState<Open>();
  const close = (): void => setOpen(undefined);

  useEffect(
    () =>
      onEvent<SessionChange>('session', (change) => {
        if (change.id !== id) return;
        announce(`Session ${shortId(id)} changed`);
        reload();
      }),
    [id],
  );

  return (
    <section class="pane detail-pane" aria-label={`Session ${shortId(id)}`}>
      <header class="detail-head">
        <button type="button" class="back" onClick={onClose}>
          <span aria-hidden="true">‹ </span>Sessions
        </button>
        <h2 class="mono selectable">{id}</h2>
        {session && <StateLabel state={session.state} />}
        <span class="space" />
        {session && session.state === 'live' && (
          <button type="button" class="danger" onClick={() => setOpen({ name: 'end' })}>
            End session…
          </button>
        )}
        <button type="button" class="icon close" aria-label="Close the session's pane" onClick={onClose}>
          ×
        </button>
      </header>
      {error && !session && <NotLoaded error={error} onRetry={reload} />}
      {!session && !error && <Loading label="Loading the session…" />}
      {session && <Details session={session} onOpen={setOpen} />}
      {session && open?.name === 'end' && (
        <EndSession session={session} bucket={bucket} onClose={close} onDone={reload} />
      )}
      {session && open?.name === 'add' && (
        <ValueEditor session={session} bucket={bucket} value={undefined} onClose={close} onDone={reload} />
      )}
      {session && open?.name === 'edit' && (
        <ValueEditor session={session} bucket={bucket} value={open.value} onClose={close} onDone={reload} />
      )}
      {open?.name === 'delete' && (
        <DeleteValue place={place} value={open.value} onClose={close} onDone={reload} />
      )}
    </section>
  );
}

function NotLoaded({ error, onRetry }: { readonly error: Error; readonly onRetry: () => void }) {
  if ('status' in error && error.status === 404) {
    return <Empty title="There is no such session">It may have been deleted after its end.</Empty>;
  }
  return <Failed error={error} onRetry={onRetry} />;
}

/** What the server wrote about the owner; the API refuses to change it. */
function isClaim(key: string): boolean {
  return key.startsWith('jwt:');
}

/** Claims are text, which servers store as bytes. */
function textOf(value: SessionValue): string | undefined {
  if (value.type !== 'bytes' || !('value' in value)) return undefined;
  return new TextDecoder().decode(fromBase64(String(value.value)));
}

interface DetailsProps {
  readonly session: Session;
  readonly onOpen: (open: Open) => void;
}

function Details({ session, onOpen }: DetailsProps) {
  const { state, reason, values } = session;
  const isLive = state === 'live';
  const own = values.filter(({ key }) => !isClaim(key));
  const claims = values.filter(({ key }) => isClaim(key));
  return (
    <Scrolled kind="detail-body" label="Details">
      {!isLive && (
        <p class={`banner banner-${state}`}>
          {state === 'ended' ? 'This session ended ' : 'This session expired '}
          <TimeAndAgo at={session.over} />
          {reason === undefined ? '' : ` (${reason})`}. Its values stay until it is purged; they can no longer
          be changed.
        </p>
      )}
      <Facts session={session} />
      <div class="section-head">
        <h3>
          Values <span class="faint">{numberText(own.length)}</span>
        </h3>
        <span class="space" />
        {isLive && (
          <button type="button" onClick={() => onOpen({ name: 'add' })}>
            Add value…
          </button>
        )}
      </div>
      {own.length === 0 && <p class="faint">The component has stored nothing in this session.</p>}
      {own.map((value) => (
        <ValueCard
          key={value.key}
          value={value}
          {...(isLive && value.type !== 'unknown' && { onEdit: () => onOpen({ name: 'edit', value }) })}
          {...(isLive && { onDelete: () => onOpen({ name: 'delete', value }) })}
        />
      ))}
      {claims.length > 0 && (
        <div class="section-head">
          <h3>
            From the client's token <span class="faint">{numberText(claims.length)}</span>
          </h3>
        </div>
      )}
      {claims.map((value) => (
        <ValueCard key={value.key} value={value} text={textOf(value)} />
      ))}
    </Scrolled>
  );
}

function Facts({ session }: { readonly session: Session }) {
  const { subject, issuer, created, updated, edited, expires, keys, bytes } = session;
  return (
    <dl class="facts">
      <dt>Subject</dt>
      <dd class="selectable">{subject ?? <span class="faint">none</span>}</dd>
      {issuer !== undefined && <dt>Issuer</dt>}
      {issuer !== undefined && <dd class="selectable">{issuer}</dd>}
      <dt>Last write</dt>
      <dd>
        <TimeAndAgo at={updated} />
      </dd>
      {edited !== undefined && <dt>Last edit</dt>}
      {edited !== undefined && (
        <dd>
          <TimeAndAgo at={edited} /> <span class="faint">by an administrator</span>
        </dd>
      )}
      <dt>Created</dt>
      <dd>
        <TimeAndAgo at={created} />
      </dd>
      <dt>Expires</dt>
      <dd>{expires === undefined ? <span class="faint">never</span> : <TimeAndAgo at={expires} />}</dd>
      <dt>Stored</dt>
      <dd>
        {numberText(keys)} {keys === 1 ? 'key' : 'keys'}, {bytesText(bytes)}
      </dd>
    </dl>
  );
}

interface DialogProps {
  readonly onClose: () => void;
  readonly onDone: () => void;
}

interface EndProps extends DialogProps {
  readonly session: Session;
  readonly bucket: string | undefined;
}

function EndSession({ session, bucket, onClose, onDone }: EndProps) {
  async function end(): Promise<void> {
    await endSession({ id: session.id, bucket });
    notify(`Session ${shortId(session.id)} has ended`);
    onDone();
  }
  return (
    <Confirm title="End this session?" action="End session" onConfirm={end} onClose={onClose}>
      <p>
        Session <strong class="mono">{shortId(session.id)}</strong>
        {session.subject !== undefined && (
          <>
            {' '}
            of <strong>{session.subject}</strong>
          </>
        )}{' '}
        ends at once: the server refuses its next request, and its client has to open a new session. Its
        values stay until they are purged. This cannot be undone.
      </p>
    </Confirm>
  );
}

interface DeleteProps extends DialogProps {
  readonly place: SessionPlace;
  readonly value: SessionValue;
}

function DeleteValue({ place, value, onClose, onDone }: DeleteProps) {
  async function remove(): Promise<void> {
    await deleteValue(place, value.key);
    notify(`Value ${value.key} was deleted`);
    onDone();
  }
  return (
    <Confirm title="Delete this value?" action="Delete value" onConfirm={remove} onClose={onClose}>
      <p>
        The value <strong class="mono">{value.key}</strong> of session{' '}
        <strong class="mono">{shortId(place.id)}</strong> is deleted. This cannot be undone.
      </p>
    </Confirm>
  );
}
