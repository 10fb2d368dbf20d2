import { expect, test } from 'vitest';
import { isRefusedOnWindows } from '../../../host/filesystem/windows-names.ts';

test.each([
  ...['CON', 'con', 'nul', 'Aux', 'PRN', 'COM1', 'com9', 'LPT0', 'COM¹', 'com²', 'LPT³', 'CONIN$', 'conout$'],
  ...['nul.txt', 'NUL .txt', 'com1.tar.gz', 'COM¹.log', 'nul ', 'nul.', 'name.', 'name ', '...'],
  ...['a:b', 'C:', 'a\\b', '..\\secret', 'file::$DATA'],
])('%j is refused on Windows', (name) => {
  expect(isRefusedOnWindows(name)).toBe(true);
});

test.each(['console', 'nulls', 'com', 'com10', 'lpt', 'xcon', 'a.nul', 'COM⁴', '.hidden', 'a b', 'ü'])(
  '%j is a name',
  (name) => {
    expect(isRefusedOnWindows(name)).toBe(false);
  },
);
