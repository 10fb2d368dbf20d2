/**
 * Devices that Windows finds in every folder, with any extension. It accepts the superscript digits of Latin-1 as digits, and
 * ignores trailing dots and blanks.
 */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])[ .]*(\..*)?$/i;

/**
 * Whether a name does not denote an entry of its folder on Windows: it contains a separator, a drive or a stream, is a device,
 * or ends with characters that Windows ignores.
 */
export function isRefusedOnWindows(name: string): boolean {
  return /[\\/:]/.test(name) || DEVICE.test(name) || /[. ]$/.test(name);
}
