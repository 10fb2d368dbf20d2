import type { SessionValue } from '../api/types.ts';
import { parseExact } from '../parts/exact-json.ts';
import { ScrolledText } from '../parts/scrolled.tsx';
import { Tree } from '../parts/tree.tsx';
import { hexDump } from './bytes.ts';

interface CardProps {
  readonly value: SessionValue;
  /** What bytes mean as text, if they are known to be that. */
  readonly text?: string | undefined;
  readonly onEdit?: () => void;
  readonly onDelete?: () => void;
}

export function ValueCard({ value, text, onEdit, onDelete }: CardProps) {
  const { key, type } = value;
  return (
    <article class="card" aria-label={`Value ${key}`}>
      <header class="card-head">
        <h4 class="mono selectable">{key}</h4>
        <span class={`type type-${type}`}>{type}</span>
        <span class="space" />
        {onEdit && (
          <button type="button" class="quiet" aria-label={`Edit ${key}`} onClick={onEdit}>
            Edit
          </button>
        )}
        {onDelete && (
          <button type="button" class="quiet" aria-label={`Delete ${key}`} onClick={onDelete}>
            Delete
          </button>
        )}
      </header>
      {text === undefined ? <ValueView value={value} /> : <TextView name={key} text={text} />}
    </article>
  );
}

export function ValueView({ value }: { readonly value: SessionValue }) {
  const { key, type } = value;
  if ('text' in value) return <JsonView name={key} text={value.text} />;
  const content = value.value;
  if (type === 'json') return <Tree label={`JSON of ${key}`} value={content} />;
  if (type === 'bytes' || type === 'unknown') {
    return (
      <ScrolledText kind="hex" label={`Bytes of ${key}`}>
        {hexDump(String(content))}
      </ScrolledText>
    );
  }
  if (type === 'string') return <TextView name={key} text={String(content)} />;
  return (
    <div class={`scalar selectable value-${type === 'bool' ? 'boolean' : 'number'}`}>{String(content)}</div>
  );
}

function TextView({ name, text }: { readonly name: string; readonly text: string }) {
  return (
    <ScrolledText kind="text value-text" label={`Text of ${name}`}>
      {text}
    </ScrolledText>
  );
}

/** JSON values are stored as text, which may be no JSON. */
function JsonView({ name, text }: { readonly name: string; readonly text: string }) {
  let parsed: unknown;
  try {
    parsed = parseExact(text);
  } catch {
    return (
      <>
        <p class="warning">This is not valid JSON.</p>
        <ScrolledText kind="text" label={`Text of ${name}`}>
          {text}
        </ScrolledText>
      </>
    );
  }
  return <Tree label={`JSON of ${name}`} value={parsed} />;
}
