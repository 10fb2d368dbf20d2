import type { Reader } from '../wasm/reader.ts';

/** Features of valid components that the transpiler does not know: it would fail in confusing ways. */
export const UNSUPPORTED = {
  async: 'asynchronous functions, streams or futures, which are not supported: build it for WASI 0.2',
  latin1: 'strings as latin1+utf16, which are not supported: build it with utf8 or utf16',
} as const;

export function isUnsupported(problem: string): boolean {
  return Object.values(UNSUPPORTED).some((known) => known === problem);
}

/** First bytes of canonical definitions (component model, Binary.md). */
const LIFT = 0x00;
const LOWER = 0x01;
/** `resource.new`, `resource.drop`, `resource.rep`. */
const RESOURCES: ReadonlySet<number> = new Set([0x02, 0x03, 0x04]);

const OPTION = { latin1: 0x02, memory: 0x03, postReturn: 0x05, async: 0x06, callback: 0x07 } as const;

/** Skips one canonical definition. Fails for unsupported features. */
export function checkCanonical(reader: Reader): void {
  const form = reader.u8();
  if (form === LIFT || form === LOWER) {
    reader.u8();
    reader.u32();
    reader.list(() => checkOption(reader));
    if (form === LIFT) reader.u32();
  } else if (RESOURCES.has(form)) reader.u32();
  else reader.fail(UNSUPPORTED.async);
}

function checkOption(reader: Reader): void {
  const option = reader.u8();
  if (option === OPTION.latin1) reader.fail(UNSUPPORTED.latin1);
  if (option === OPTION.async || option === OPTION.callback) reader.fail(UNSUPPORTED.async);
  if (option > OPTION.callback) reader.fail(`a canonical definition has the unknown option ${option}`);
  if (option >= OPTION.memory) reader.u32();
}
