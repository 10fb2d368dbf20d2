import { useState } from 'preact/hooks';
import { Dialog } from './dialog.tsx';

const KEYS: readonly (readonly [keys: string, text: string])[] = [
  ['/', 'Go to the search field'],
  ['↑ ↓', 'Previous or next row'],
  ['Page up, Page down, Home, End', 'Move further in a list'],
  ['← →', 'Close or open a part of a value'],
  ['Esc', 'Close the dialog or the pane, or empty the search field'],
];

export function Shortcuts() {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" class="quiet" onClick={() => setOpen(true)}>
        Shortcuts
      </button>
      {isOpen && (
        <Dialog title="Keyboard" onClose={() => setOpen(false)}>
          <dl class="facts">
            {KEYS.map(([keys, text]) => (
              <div key={keys} class="fact-row">
                <dt>
                  <kbd>{keys}</kbd>
                </dt>
                <dd>{text}</dd>
              </div>
            ))}
          </dl>
          <div class="dialog-actions">
            <button type="button" onClick={() => setOpen(false)} autofocus>
              Close
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
