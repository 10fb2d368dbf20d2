import type { SessionState } from '../api/types.ts';

const TITLES: Record<SessionState, string> = { live: 'Live', ended: 'Ended', expired: 'Expired' };

export function StateLabel({ state }: { readonly state: SessionState }) {
  return (
    <span class={`state state-${state}`}>
      <span class="dot" aria-hidden="true" />
      {TITLES[state] ?? state}
    </span>
  );
}
