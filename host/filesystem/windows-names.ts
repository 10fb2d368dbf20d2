/**
 * Devices that Windows finds in every folder, whatever is put behind a dot. It takes the superscript digits of Latin-1 for
 * digits, and leaves out dots and blanks at the end of a name.
 */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])[ .]*(\..*)?$/i;

/**
 * Whether a name leads elsewhere on Windows than to an entry of its folder: it holds a separator, a drive or a stream, is
 * a device, or would be found by another name than is written.
 */
export function isRefusedOnWindows(name: string): boolean {
  return /[\\/:]/.test(name) || DEVICE.test(name) || /[. ]$/.test(name);
}
