import { useEffect, useState } from 'preact/hooks';

interface SearchProps {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly onSearch: (text: string) => void;
}

/** Milliseconds without a keystroke after which a search begins. */
const PAUSE = 200;

/** The key / focuses it (see `keyboard.ts`), Esc empties it. */
export function SearchField({ label, placeholder, value, onSearch }: SearchProps) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onSearch(text), PAUSE);
    return () => clearTimeout(timer);
  }, [text]);

  function keyed(event: KeyboardEvent): void {
    if (event.key === 'Enter') onSearch(text);
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    if (text === '') (event.currentTarget as HTMLElement).blur();
    setText('');
    onSearch('');
  }

  return (
    <input
      type="search"
      class="search"
      data-search
      aria-label={label}
      placeholder={placeholder}
      aria-keyshortcuts="/"
      autocomplete="off"
      spellcheck={false}
      value={text}
      onInput={(event) => setText(event.currentTarget.value)}
      onKeyDown={keyed}
    />
  );
}
