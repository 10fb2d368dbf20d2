import { isExactNumber } from './exact-json.ts';

interface Base {
  readonly path: string;
  readonly depth: number;
}

export interface Branch extends Base {
  readonly kind: 'branch';
  readonly name: string | undefined;
  readonly isOpen: boolean;
  readonly size: number;
  readonly summary: string;
}

export interface Leaf extends Base {
  readonly kind: 'leaf';
  readonly name: string | undefined;
  readonly type: string;
  readonly text: string;
}

/** Stands for the children that are not shown yet. */
export interface Rest extends Base {
  readonly kind: 'rest';
  readonly of: string;
  readonly shown: number;
  readonly total: number;
}

export type Node = Branch | Leaf | Rest;

interface View {
  /** Paths of branches that are not in their initial state. */
  readonly toggled: ReadonlySet<string>;
  limitOf(path: string): number;
}

/** Nodes below a branch that is open at first, at most; near the root it may have more. */
const OPEN_NODES = 40;
const OPEN_NODES_AT_ROOT = 100;

/** The visible nodes of a JSON value, in order. */
export function flatten(value: unknown, view: View): Node[] {
  const nodes: Node[] = [];
  visit(undefined, value, '$', 0);
  return nodes;

  function visit(name: string | undefined, item: unknown, path: string, depth: number): void {
    if (typeof item !== 'object' || item === null || isExactNumber(item)) {
      const type = typeOf(item);
      nodes.push({ kind: 'leaf', name, path, depth, type, text: JSON.stringify(item) });
      return;
    }
    const entries = Object.entries(item);
    const size = entries.length;
    const isInitiallyOpen =
      countNodes(item, OPEN_NODES_AT_ROOT) <= (depth < 2 ? OPEN_NODES_AT_ROOT : OPEN_NODES);
    const isOpen = size > 0 && isInitiallyOpen !== view.toggled.has(path);
    const summary = Array.isArray(item) ? `[${size}]` : `{${size}}`;
    nodes.push({ kind: 'branch', name, path, depth, isOpen, size, summary });
    if (!isOpen) return;
    const limit = view.limitOf(path);
    for (const [key, child] of entries.slice(0, limit)) {
      visit(key, child, `${path}/${key.replaceAll('/', '//')}`, depth + 1);
    }
    if (size > limit)
      nodes.push({
        kind: 'rest',
        of: path,
        path: `${path}//rest`,
        depth: depth + 1,
        shown: limit,
        total: size,
      });
  }
}

/** The nodes below a value, at least; counting ends soon after `enough`. */
function countNodes(value: unknown, enough: number): number {
  if (typeof value !== 'object' || value === null || isExactNumber(value)) return 0;
  let count = 0;
  for (const child of Object.values(value)) {
    count += 1 + countNodes(child, enough - count);
    if (count > enough) break;
  }
  return count;
}

function typeOf(item: unknown): string {
  if (item === null) return 'null';
  return typeof item === 'object' ? 'number' : typeof item;
}
