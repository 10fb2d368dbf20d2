import type { ComponentChildren } from 'preact';

interface ScrolledProps {
  readonly label: string;
  readonly kind: string;
  readonly children: ComponentChildren;
}

/** A part that scrolls when it has too much: the keyboard must reach it. */
export function Scrolled({ label, kind, children }: ScrolledProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1)
    <section class={kind} aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}

/** Text that may be long. */
export function ScrolledText({ label, kind, children }: ScrolledProps) {
  return (
    <Scrolled label={label} kind={`scrolled ${kind}`}>
      <pre class="selectable">{children}</pre>
    </Scrolled>
  );
}
