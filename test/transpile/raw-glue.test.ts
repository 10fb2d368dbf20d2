import { expect, test } from 'vitest';
import { glueName, patchGlue } from '../../src/transpile/raw-glue.ts';

const DECODER = 'const TEXT_DECODER_UTF8 = new TextDecoder();';
const SYNC = `const _trampoline0 = function() { _trackHostOperation(() => now()) }
  _trampoline0.fnName = 'wasi:clocks/wall-clock@0.2.6#now';
`;
const WAITING = `const _trampoline1 = async function() { try { _trackHostOperation(() => poll$1()) } catch (err) { return task.completionPromise(); } }
  _trampoline1.fnName = 'wasi:io/poll@0.2.6#poll$1';
  _trampoline1.manuallyAsync = true;
`;
const SUSPENDING = new Set([glueName('wasi:io/poll@0.2.6', 'poll')]);

function glue(...parts: string[]): string {
  return `${DECODER}\n${parts.join('\n')}\nexport function instantiate(getCoreModule, imports, instantiateCore) {\n}\n`;
}

test('patches glue that looks as expected', () => {
  const patched = patchGlue(glue(SYNC, WAITING), SUSPENDING, 'jco 1');
  expect(patched).toContain("new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })");
  expect(patched).toContain('_readyHostOperation(() => now())');
  expect(patched).toContain('throw err;');
  expect(patched).not.toContain('completionPromise');
});

test.each([
  ['another text decoder', glue(SYNC, WAITING, 'new TextDecoder("latin1")')],
  [
    'a waiting function that is not async',
    glue(WAITING.replace('async ', '').replace(/.*manuallyAsync.*\n/, '')),
  ],
  ['an async function that is not marked', glue(WAITING.replace(/.*manuallyAsync.*\n/, ''))],
  ['a function that may not wait but is async', glue(WAITING.replaceAll('poll$1', 'ready'))],
  [
    'an unknown way to handle errors',
    glue(WAITING.replace('return task.completionPromise();', 'return task.end();')),
  ],
  ['an unknown way to call the host', glue(SYNC.replace('_trackHostOperation', '_host'))],
  ['a host function of unknown form', glue(SYNC.replace('const _trampoline0 = ', '_trampoline0 = '))],
  ['no entry', glue(SYNC).replace('instantiate', 'start')],
])('stops at glue with %s', (_, code) => {
  expect(() => patchGlue(code, SUSPENDING, 'jco 1')).toThrow(TypeError);
  expect(() => patchGlue(code, SUSPENDING, 'jco 1')).toThrow('that jco 1 generated');
});
