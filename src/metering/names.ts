/** Names under which a core module exports what counts its instructions. */
export interface MeterNames {
  /** The table with the function to ask. */
  readonly table: string;
  /** The units that are left. */
  readonly units: string;
  /** The start function, which runs once there is someone to ask; undefined when there is none. */
  readonly start?: string;
}

/**
 * Chooses names that the module does not export itself: one that does cannot keep from being counted, and its own exports stay.
 * Nothing else can ask for them, because components were checked with the names that their modules had.
 */
export function chooseNames(taken: readonly string[], hasStart: boolean): MeterNames {
  for (let suffix = ''; ; suffix += "'") {
    const names = { table: `$check${suffix}`, units: `$units${suffix}`, start: `$begin${suffix}` };
    if (Object.values(names).some((name) => taken.includes(name))) continue;
    return hasStart ? names : { table: names.table, units: names.units };
  }
}
