import { useEffect, useState } from 'preact/hooks';
import { deleteKey, readKey, writeKey } from '../api/buckets.ts';
import type { Entry, KeyEntry } from '../api/types.ts';
import { notify } from '../parts/announce.tsx';
import { Confirm, Dialog, Failure } from '../parts/dialog.tsx';
import { parseExact } from '../parts/exact-json.ts';
import { bytesText, TimeAndAgo } from '../parts/format.tsx';
import { Scrolled, ScrolledText } from '../parts/scrolled.tsx';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import { Tree } from '../parts/tree.tsx';
import { useResource } from '../state/resource.ts';
import { link } from '../state/route.ts';
import { hexDump } from './bytes.ts';

/** A key as it is now; without an entry it is gone. */
export interface SeenKey {
  readonly key: string;
  readonly entry?: KeyEntry;
}

interface PaneProps {
  readonly bucket: string;
  readonly name: string;
  /** Called with what was read, and without an entry when it was deleted. */
  readonly onSeen: (seen: SeenKey) => void;
  readonly onClose: () => void;
}

export function KeyPane({ bucket, name, onSeen, onClose }: PaneProps) {
  const { value, error, reload } = useResource((signal) => readKey(bucket, name, signal), [bucket, name]);
  useEffect(() => {
    if (value) onSeen({ key: name, entry: value });
  }, [value]);
  const [open, setOpen] = useState<'edit' | 'delete'>();
  const close = (): void => setOpen(undefined);

  async function remove(): Promise<void> {
    if (value) await deleteKey(bucket, value);
    onSeen({ key: name });
    notify(`Key ${name} was deleted`);
    onClose();
  }

  return (
    <section class="pane detail-pane" aria-label={`Key ${name}`}>
      <header class="detail-head">
        <button type="button" class="back" onClick={onClose}>
          <span aria-hidden="true">‹ </span>Keys
        </button>
        <h2 class="mono selectable">{name}</h2>
        <span class="space" />
        {value && value.session === undefined && (
          <>
            <button type="button" onClick={() => setOpen('edit')}>
              Edit…
            </button>
            <button type="button" class="danger" onClick={() => setOpen('delete')}>
              Delete…
            </button>
          </>
        )}
        <button type="button" class="icon close" aria-label="Close the key's pane" onClick={onClose}>
          ×
        </button>
      </header>
      <Scrolled kind="detail-body" label="Details">
        {error && !value && <NotLoaded error={error} onRetry={reload} />}
        {!value && !error && <Loading label="Loading the value…" />}
        {value?.session !== undefined && (
          <p>
            This key belongs to a session, whose values have types:{' '}
            <a href={link(['sessions', value.session], { bucket })}>edit it there</a>.
          </p>
        )}
        {value && <EntryView entry={value} />}
      </Scrolled>
      {value && open === 'edit' && (
        <KeyEditor bucket={bucket} entry={value} onClose={close} onDone={reload} />
      )}
      {open === 'delete' && (
        <Confirm title="Delete this key?" action="Delete key" onConfirm={remove} onClose={close}>
          <p>
            The key <strong class="mono">{name}</strong> of bucket <strong>{bucket}</strong> is deleted.
            Guests may depend on it. This cannot be undone.
          </p>
        </Confirm>
      )}
    </section>
  );
}

function NotLoaded({ error, onRetry }: { readonly error: Error; readonly onRetry: () => void }) {
  if ('status' in error && error.status === 404) return <Empty title="There is no such key" />;
  return <Failed error={error} onRetry={onRetry} />;
}

function EntryView({ entry: { encoding, value, size, updated } }: { readonly entry: Entry }) {
  const facts = (
    <dl class="facts">
      <dt>Size</dt>
      <dd>{bytesText(size)}</dd>
      <dt>Last write</dt>
      <dd>
        <TimeAndAgo at={updated} />
      </dd>
    </dl>
  );
  if (encoding === 'base64') {
    return (
      <>
        {facts}
        <h3>Bytes</h3>
        <ScrolledText kind="hex" label="Value in hexadecimal">
          {hexDump(value)}
        </ScrolledText>
      </>
    );
  }
  const parsed = jsonOf(value);
  return (
    <>
      {facts}
      {parsed !== undefined && (
        <>
          <h3>JSON</h3>
          <div class="card">
            <Tree label="Value as JSON" value={parsed} />
          </div>
        </>
      )}
      <h3>Text</h3>
      <ScrolledText kind="text" label="Value as text">
        {value}
      </ScrolledText>
    </>
  );
}

/** Only objects and arrays: that a number is JSON tells nothing. */
function jsonOf(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return parseExact(text);
  } catch {
    return undefined;
  }
}

interface EditorProps {
  readonly bucket: string;
  readonly entry: Entry;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function KeyEditor({ bucket, entry, onClose, onDone }: EditorProps) {
  // The version that is edited: a later one must not be overwritten unseen.
  const [original] = useState(entry);
  const [input, setInput] = useState(original.value);
  const [error, setError] = useState<string>();
  const { key: name, encoding } = original;
  const isText = encoding === 'text';

  async function save(event: Event): Promise<void> {
    event.preventDefault();
    setError(undefined);
    try {
      await writeKey(bucket, original, { encoding, value: isText ? input : input.replace(/\s/g, '') });
      notify(`Key ${name} was saved`);
      onDone();
      onClose();
    } catch (failure) {
      setError((failure as Error).message);
    }
  }

  return (
    <Dialog title={`Edit ${name}`} onClose={onClose} wide>
      <form onSubmit={(event) => void save(event)}>
        <label>
          {isText ? 'Text' : 'Bytes, as base64'}
          <textarea
            class="mono"
            rows={12}
            spellcheck={false}
            autofocus
            value={input}
            onInput={(event) => setInput(event.currentTarget.value)}
          />
        </label>
        <Failure message={error} />
        <div class="dialog-actions">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary">
            Save
          </button>
        </div>
      </form>
    </Dialog>
  );
}
