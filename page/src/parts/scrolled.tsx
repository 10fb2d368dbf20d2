interface ScrolledProps {
  readonly label: string;
  readonly kind: string;
  readonly children: string;
}

/** Text that may be long: it scrolls, so the keyboard must reach it. */
export function Scrolled({ label, kind, children }: ScrolledProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1)
    <section class={`scrolled ${kind}`} aria-label={label} tabIndex={0}>
      <pre class="selectable">{children}</pre>
    </section>
  );
}
