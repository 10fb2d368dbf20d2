/** The slot of a hash tag in a cluster: CRC-16/XMODEM (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/). */
export function slotOf(tag: string): number {
  const known = slots.get(tag);
  if (known !== undefined) return known;
  let crc = 0;
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff) >>> 0;
  }
  if (slots.size >= REMEMBERED) slots.clear();
  slots.set(tag, crc % SLOTS);
  return crc % SLOTS;
}

const SLOTS = 16_384;

/** Maximum number of tags whose slot is kept. */
const REMEMBERED = 10_000;

const slots = new Map<string, number>();
