import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';

export interface Column<T> {
  readonly key: string;
  readonly title: string;
  /** Of CSS: how much it grows, shrinks, and its width. */
  readonly flex: string;
  readonly align?: 'end';
  /** Not shown when the list is narrow. */
  readonly optional?: boolean;
  /** Makes the title a button that sorts. */
  readonly sort?: string;
  cell(item: T): ComponentChildren;
}

interface GridProps<T> {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly items: readonly T[];
  readonly idOf: (item: T) => string;
  readonly selected: string | undefined;
  readonly onSelect: (item: T) => void;
  /** Called when the last rows come into view. */
  readonly onEnd?: () => void;
  /** Called with whether the first row is in view. */
  readonly onTop?: (isTop: boolean) => void;
  /** Called with whether the pointer is on a row, or the keyboard moves among them. */
  readonly onPointed?: (isPointed: boolean) => void;
  readonly sorted?: { readonly by: string; readonly order: string } | undefined;
  readonly onSort?: (by: string) => void;
  /** What is below the rows: that more are loading, or that there are none. */
  readonly children?: ComponentChildren;
  /** Undefined while later pages are unknown. */
  readonly total?: number | undefined;
}

const ROW = 30;
/** Rows beyond the visible ones that exist, so that scrolling does not show gaps. */
const OVERSCAN = 8;

/** A list with columns, of which only the visible rows exist: it may have any number. The arrow keys select. */
export function Grid<T>(props: GridProps<T>) {
  const { label, columns, items, idOf, selected, onSelect, onEnd, onTop, onPointed } = props;
  const own = useId();
  const frame = useRef<HTMLDivElement>(null);
  const { view, scrolled } = useView(frame, onTop);
  const at = selected === undefined ? -1 : items.findIndex((item) => idOf(item) === selected);
  // Keys may follow each other faster than the selection arrives.
  const wanted = useRef(selected);
  useEffect(() => {
    wanted.current = selected;
  }, [selected]);
  const first = Math.max(0, Math.floor(view.top / ROW) - OVERSCAN);
  const last = Math.min(items.length, Math.ceil((view.top + view.height) / ROW) + OVERSCAN);

  useEffect(() => {
    if (last >= items.length - OVERSCAN) onEnd?.();
  }, [last, items.length]);

  function moveTo(index: number): void {
    const target = Math.max(0, Math.min(items.length - 1, index));
    const item = items[target];
    if (item === undefined) return;
    wanted.current = idOf(item);
    onSelect(item);
    reveal(frame.current!, target);
  }

  function keyed(event: KeyboardEvent): void {
    if (event.target !== event.currentTarget || event.ctrlKey || event.altKey || event.metaKey) return;
    const from = items.findIndex((item) => idOf(item) === wanted.current);
    const page = Math.max(1, Math.floor(view.height / ROW) - 2);
    const targets: Record<string, number> = {
      ArrowDown: from + 1,
      ArrowUp: from - 1,
      PageDown: from + page,
      PageUp: from - page,
      Home: 0,
      End: items.length - 1,
    };
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    moveTo(target);
  }

  const byKeyboard = (): boolean => frame.current!.matches(':focus-visible');
  return (
    <div
      class="grid"
      role="grid"
      tabIndex={0}
      aria-label={label}
      aria-rowcount={props.total ?? -1}
      aria-activedescendant={at >= first && at < last ? `${own}-${at}` : undefined}
      ref={frame}
      onScroll={scrolled}
      onKeyDown={keyed}
      onPointerEnter={() => onPointed?.(true)}
      onPointerLeave={() => onPointed?.(byKeyboard())}
      onFocus={() => onPointed?.(byKeyboard())}
      onBlur={() => onPointed?.(frame.current!.matches(':hover'))}
    >
      <Head columns={columns} sorted={props.sorted} onSort={props.onSort} />
      <div class="grid-rows" role="rowgroup" style={{ height: `${items.length * ROW}px` }}>
        {items.slice(first, last).map((item, offset) => (
          <Row
            key={idOf(item)}
            id={`${own}-${first + offset}`}
            columns={columns}
            item={item}
            index={first + offset}
            isSelected={first + offset === at}
            onClick={moveTo}
          />
        ))}
      </div>
      {props.children}
    </div>
  );
}

interface View {
  readonly top: number;
  readonly height: number;
}

/** The part of the list that is in view. */
function useView(
  frame: RefObject<HTMLDivElement | null>,
  onTop: ((isTop: boolean) => void) | undefined,
): { readonly view: View; readonly scrolled: () => void } {
  const [view, setView] = useState<View>({ top: 0, height: 600 });

  useLayoutEffect(() => {
    const element = frame.current!;
    const observer = new ResizeObserver(() =>
      setView((before) => ({ ...before, height: element.clientHeight })),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  return {
    view,
    scrolled() {
      const { scrollTop, clientHeight } = frame.current!;
      setView({ top: scrollTop, height: clientHeight });
      onTop?.(scrollTop < ROW);
    },
  };
}

interface RowProps<T> {
  readonly id: string;
  readonly columns: readonly Column<T>[];
  readonly item: T;
  readonly index: number;
  readonly isSelected: boolean;
  readonly onClick: (index: number) => void;
}

function Row<T>({ id, columns, item, index, isSelected, onClick }: RowProps<T>) {
  return (
    <div
      id={id}
      class="grid-row"
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      style={{ transform: `translateY(${index * ROW}px)` }}
      onClick={() => onClick(index)}
    >
      {columns.map((column) => (
        <div key={column.key} role="gridcell" class={cellClass(column)} style={{ flex: column.flex }}>
          {column.cell(item)}
        </div>
      ))}
    </div>
  );
}

interface HeadProps<T> {
  readonly columns: readonly Column<T>[];
  readonly sorted: GridProps<T>['sorted'];
  readonly onSort: ((by: string) => void) | undefined;
}

function Head<T>({ columns, sorted, onSort }: HeadProps<T>) {
  return (
    <div class="grid-head" role="rowgroup">
      <div role="row" aria-rowindex={1} class="grid-head-row">
        {columns.map((column) => {
          const isSorted = column.sort !== undefined && column.sort === sorted?.by;
          const order = sorted?.order === 'asc' ? 'ascending' : 'descending';
          return (
            <div
              key={column.key}
              role="columnheader"
              class={cellClass(column)}
              style={{ flex: column.flex }}
              {...(isSorted && { 'aria-sort': order })}
            >
              {column.sort === undefined ? (
                column.title
              ) : (
                <button type="button" class="sort" onClick={() => onSort?.(column.sort!)}>
                  {column.title}
                  <span aria-hidden="true">{isSorted ? (order === 'ascending' ? ' ↑' : ' ↓') : ''}</span>
                </button>
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function cellClass({ key, align, optional }: { key: string; align?: 'end'; optional?: boolean }): string {
  return `cell cell-${key}${align === 'end' ? ' end' : ''}${optional ? ' optional' : ''}`;
}

/** Scrolls as little as is needed. The head covers the first row's height. */
function reveal(frame: HTMLElement, index: number): void {
  const top = index * ROW;
  if (top < frame.scrollTop) frame.scrollTop = top;
  else if (top + 2 * ROW > frame.scrollTop + frame.clientHeight)
    frame.scrollTop = top + 2 * ROW - frame.clientHeight;
}
