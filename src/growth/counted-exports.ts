/**
 * Exports that are added: the table of the counting functions, and the start function, which must not run before the table is
 * filled.
 */
export const COUNTED = { table: '$grow', start: '$start' } as const;
