/** A name with as many differences is not the one that was meant. */
const FAR = 4;

/** The one of the known names that is most like this one; undefined when none is. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const ranked = [...known].map((one) => ({ one, distance: distance(name, one) }));
  const [first] = ranked.toSorted((a, b) => a.distance - b.distance);
  return first !== undefined && first.distance < FAR ? first.one : undefined;
}

/** How many characters have to be put in, taken out or replaced to make one text of the other. */
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
