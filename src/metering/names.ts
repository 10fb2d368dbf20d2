/** Names of the exports that metering adds to a core module. */
export interface MeterNames {
  /** The table with the function to ask. */
  readonly table: string;
  /** The units that are left. */
  readonly units: string;
  /** The start function, which is called once a meter is attached; undefined if there is none. */
  readonly start?: string;
}

/**
 * Chooses names that the module does not export itself, so that a module cannot prevent metering and keeps its own exports. No
 * other module can import them, because components are checked before these exports are added.
 */
export function chooseNames(taken: readonly string[], hasStart: boolean): MeterNames {
  for (let suffix = ''; ; suffix += "'") {
    const names = { table: `$check${suffix}`, units: `$units${suffix}`, start: `$begin${suffix}` };
    if (Object.values(names).some((name) => taken.includes(name))) continue;
    return hasStart ? names : { table: names.table, units: names.units };
  }
}
