import { createSource, useValue } from '../state/observable.ts';

interface Notice {
  readonly text: string;
  readonly isShown: boolean;
}

const notice = createSource<Notice>({ text: '', isShown: false });
let timer: ReturnType<typeof setTimeout> | undefined;

/** Milliseconds that a notice is visible. */
const SHOWN = 5000;

/** Tells what has been done, to readers of the screen and to screen readers. */
export function notify(text: string): void {
  clearTimeout(timer);
  notice.set({ text, isShown: true });
  timer = setTimeout(() => notice.set({ text, isShown: false }), SHOWN);
}

/** For screen readers alone: what others can see change. */
export function announce(text: string): void {
  if (!notice.value.isShown) notice.set({ text, isShown: false });
}

export function Announcer() {
  const { text, isShown } = useValue(notice);
  return (
    <div class={isShown ? 'notice' : 'hidden'} role="status" aria-live="polite">
      {text}
    </div>
  );
}
