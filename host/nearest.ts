/** A name with this many differences is not suggested. */
const FAR = 4;

/** Returns the known name that is most similar to `name`, for "did you mean"; undefined if none is close. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const ranked = [...known].map((one) => ({ one, distance: distance(name, one) }));
  const [first] = ranked.toSorted((a, b) => a.distance - b.distance);
  return first !== undefined && first.distance < FAR ? first.one : undefined;
}

/** The Levenshtein distance: how many characters must be inserted, deleted or replaced. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, replaced));
    }
    row = next;
  }
  return row[to.length]!;
}
