import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { setValue } from '../api/sessions.ts';
import type { Session, SessionValue, ValueType } from '../api/types.ts';
import { notify } from '../parts/announce.tsx';
import { Dialog, Failure } from '../parts/dialog.tsx';
import { parseInput, TYPES, toInput } from './value-input.ts';

interface EditorProps {
  readonly session: Session;
  /** Undefined for the one with the server's sessions. */
  readonly bucket: string | undefined;
  /** Undefined for a new one. */
  readonly value: SessionValue | undefined;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/**
 * Adds a value, or changes one, which keeps its type: a guest expects it. What a type does not allow is refused before it is
 * sent.
 */
export function ValueEditor({ session, bucket, value, onClose, onDone }: EditorProps) {
  const id = useId();
  const [original] = useState(value);
  const [key, setKey] = useState(original?.key ?? '');
  const [type, setType] = useState<ValueType>(
    original === undefined || original.type === 'unknown' ? 'string' : original.type,
  );
  const [input, setInput] = useState(original === undefined ? '' : toInput(original));
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const latest = session.values.find((item) => item.key === original?.key);
  const isStale = original !== undefined && !isSame(original, latest);

  async function save(event: Event): Promise<void> {
    event.preventDefault();
    const parsed = parseInput(type, input);
    if ('problem' in parsed) return setError(parsed.problem);
    if (key === '') return setError('A value needs a key.');
    setBusy(true);
    setError(undefined);
    try {
      await setValue({ id: session.id, bucket }, key, parsed);
      notify(`Value ${key} was saved`);
      onDone();
      onClose();
    } catch (failure) {
      setError((failure as Error).message);
      setBusy(false);
    }
  }

  return (
    <Dialog title={original ? `Edit ${original.key}` : 'Add a value'} onClose={onClose} wide>
      <form onSubmit={(event) => void save(event)} noValidate>
        {isStale && (
          <p class="warning" role="status">
            This value has changed since you opened it; saving overwrites the change.{' '}
            {latest && (
              <button type="button" class="quiet" onClick={() => setInput(toInput(latest))}>
                Take the new value
              </button>
            )}
          </p>
        )}
        <div class="fields">
          {original === undefined && (
            <label>
              Key
              <input
                class="mono"
                value={key}
                required
                autofocus
                onInput={(event) => setKey(event.currentTarget.value)}
              />
            </label>
          )}
          <label>
            Type
            <select
              value={type}
              disabled={original !== undefined}
              onChange={(event) => setType(event.currentTarget.value as ValueType)}
            >
              {TYPES.map(({ type: name, title }) => (
                <option key={name} value={name}>
                  {title}
                </option>
              ))}
            </select>
            {original !== undefined && (
              <span class="hint">
                A value keeps its type, which the component expects. Delete it to change that.
              </span>
            )}
          </label>
        </div>
        <label for={id}>Value</label>
        <ValueField id={id} type={type} input={input} onInput={setInput} />
        <Failure message={error} />
        <div class="dialog-actions">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={isBusy}>
            Save
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface FieldProps {
  readonly id: string;
  readonly type: ValueType;
  readonly input: string;
  readonly onInput: (text: string) => void;
}

function ValueField({ id, type, input, onInput }: FieldProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  // The dialog has focused it, and the browser puts the cursor at the end.
  useEffect(() => area.current?.setSelectionRange(0, 0), []);
  if (type === 'bool') {
    return (
      <select id={id} value={input} onChange={(event) => onInput(event.currentTarget.value)}>
        <option value="" disabled />
        <option value="true">true</option>
        <option value="false">false</option>
      </select>
    );
  }
  const isNumber = type === 'u64' || type === 's64';
  if (isNumber) {
    return (
      <input
        id={id}
        class="mono"
        inputMode="numeric"
        value={input}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    );
  }
  return (
    <textarea
      ref={area}
      id={id}
      class="mono"
      rows={type === 'json' ? 14 : 6}
      spellcheck={false}
      value={input}
      onInput={(event) => onInput(event.currentTarget.value)}
    />
  );
}

function isSame(one: SessionValue, other: SessionValue | undefined): boolean {
  return other !== undefined && JSON.stringify(one) === JSON.stringify(other);
}
