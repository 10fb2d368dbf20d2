/** Keys that work everywhere on the page: / focuses the search, Esc leaves what is open. */
export function listenToKeys(leave: () => void): void {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || isDialogOpen()) return;
    if (event.key === '/' && !isTyping(event.target)) {
      const field = document.querySelector<HTMLInputElement>('[data-search]');
      if (field === null) return;
      event.preventDefault();
      field.focus();
      field.select();
    } else if (event.key === 'Escape' && !isTyping(event.target)) leave();
  });
}

function isDialogOpen(): boolean {
  return document.querySelector('dialog[open]') !== null;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select');
}
