import { useValue } from '../state/observable.ts';
import { type Theme, theme } from '../state/theme.ts';

const TITLES: Record<Theme, string> = { system: 'Auto', light: 'Light', dark: 'Dark' };

export function ThemeButton() {
  const current = useValue(theme);
  return (
    <button type="button" class="quiet" aria-label={`Theme: ${TITLES[current]}`} onClick={theme.next}>
      <span aria-hidden="true">◐ </span>
      {TITLES[current]}
    </button>
  );
}
