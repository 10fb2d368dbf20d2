import { useId, useRef, useState } from 'preact/hooks';
import { type Branch, flatten, type Node } from './tree-nodes.ts';

const LIMIT = 100;

/** A JSON value as a tree. The arrow keys move in it, open and close. */
export function Tree({ label, value }: { readonly label: string; readonly value: unknown }) {
  const own = useId();
  const frame = useRef<HTMLDivElement>(null);
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const [limits, setLimits] = useState<ReadonlyMap<string, number>>(new Map());
  const [active, setActive] = useState(0);
  const nodes = flatten(value, { toggled, limitOf: (path) => limits.get(path) ?? LIMIT });
  const current = Math.min(active, nodes.length - 1);

  function toggle(path: string): void {
    const next = new Set(toggled);
    if (!next.delete(path)) next.add(path);
    setToggled(next);
  }

  function act(node: Node): void {
    if (node.kind === 'rest') setLimits(new Map(limits).set(node.of, node.shown + 10 * LIMIT));
    else if (node.kind === 'branch') toggle(node.path);
  }

  function moveTo(index: number): void {
    const target = Math.max(0, Math.min(nodes.length - 1, index));
    setActive(target);
    frame.current!.children[target]?.scrollIntoView({ block: 'nearest' });
  }

  function sideways(node: Node, direction: 'open' | 'close'): void {
    const isOpen = node.kind === 'branch' && node.isOpen;
    if (direction === 'open' && node.kind === 'branch') {
      if (isOpen) moveTo(current + 1);
      else toggle(node.path);
    } else if (direction === 'close') {
      if (isOpen) toggle((node as Branch).path);
      else moveTo(nodes.findLastIndex(({ depth }, at) => at < current && depth < node.depth));
    }
  }

  function keyed(event: KeyboardEvent): void {
    const node = nodes[current];
    if (node === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    const actions: Record<string, () => void> = {
      ArrowDown: () => moveTo(current + 1),
      ArrowUp: () => moveTo(current - 1),
      Home: () => moveTo(0),
      End: () => moveTo(nodes.length - 1),
      ArrowRight: () => sideways(node, 'open'),
      ArrowLeft: () => sideways(node, 'close'),
      Enter: () => act(node),
      ' ': () => act(node),
    };
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  }

  return (
    <div
      class="tree"
      role="tree"
      tabIndex={0}
      aria-label={label}
      aria-activedescendant={`${own}-${current}`}
      ref={frame}
      onKeyDown={keyed}
    >
      {nodes.map((node, index) => (
        <div
          key={node.path}
          id={`${own}-${index}`}
          class="node"
          role="treeitem"
          aria-level={node.depth + 1}
          aria-selected={index === current}
          {...(node.kind === 'branch' && { 'aria-expanded': node.isOpen })}
          style={{ '--depth': node.depth }}
          onClick={() => {
            setActive(index);
            act(node);
          }}
        >
          <NodeText node={node} />
        </div>
      ))}
    </div>
  );
}

function NodeText({ node }: { readonly node: Node }) {
  if (node.kind === 'rest') return <span class="more">… {node.total - node.shown} more</span>;
  return (
    <>
      <span class="twist" aria-hidden="true">
        {node.kind === 'branch' && node.size > 0 ? (node.isOpen ? '▾' : '▸') : ''}
      </span>
      {node.name !== undefined && <span class="name">{node.name}: </span>}
      {node.kind === 'branch' ? (
        <span class="count">{node.summary}</span>
      ) : (
        <span class={`value value-${node.type}`}>{node.text}</span>
      )}
    </>
  );
}
