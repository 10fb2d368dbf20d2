/**
 * Functions that corrected glue calls, by name, as source text because the glue imports nothing. The last parameter is the
 * memory, for which lean glue passes its views.
 */
export const ABI_HELPERS: Readonly<Record<string, string>> = {
  _allocate: `function _allocate(realloc, align, size, memory) {
  const ptr = realloc(0, 0, align, size) >>> 0;
  if (ptr % align !== 0) throw new WebAssembly.RuntimeError('realloc returned a pointer that is not aligned');
  if (ptr + size > memory.buffer.byteLength) throw new WebAssembly.RuntimeError('realloc returned a pointer outside of the memory');
  return ptr;
}`,
  _checkList: `function _checkList(ptr, length, size, memory) {
  if (ptr + length * size > memory.buffer.byteLength) throw new WebAssembly.RuntimeError('a list is outside of the memory');
}`,
  _resultPointer: `function _resultPointer(ptr, align) {
  if (ptr % align !== 0) throw new WebAssembly.RuntimeError('the pointer for a result is not aligned');
  return ptr >>> 0;
}`,
  // In pieces, because one string of all of it would take memory of the host.
  _utf16ToUtf8: `function _utf16ToUtf8(from, src, length, to, dst, capacity) {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder('utf-16', { fatal: true, ignoreBOM: true });
  const units = new Uint16Array(from.buffer, src >>> 0, length);
  const target = new Uint8Array(to.buffer, dst >>> 0, capacity);
  const total = { read: 0, written: 0 };
  while (total.read < length) {
    let end = Math.min(total.read + 8192, length);
    const isHalf = end < length && (units[end - 1] & 0xfc00) === 0xd800;
    if (isHalf) end -= 1;
    const text = decoder.decode(units.subarray(total.read, end));
    const { read, written } = encoder.encodeInto(text, target.subarray(total.written));
    total.read += read;
    total.written += written;
    if (read < text.length) break;
  }
  return [total.read, total.written];
}`,
  _utf8ToUtf16: `function _utf8ToUtf16(from, src, length, to, dst) {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const bytes = new Uint8Array(from.buffer, src >>> 0, length);
  const units = new Uint16Array(to.buffer, dst >>> 0, length);
  let written = 0;
  for (let start = 0; start < length; start += 8192) {
    const end = start + 8192;
    const text = decoder.decode(bytes.subarray(start, end), { stream: end < length });
    for (let i = 0; i < text.length; i++) units[written++] = text.charCodeAt(i);
  }
  return written;
}`,
};
