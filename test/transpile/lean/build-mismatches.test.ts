import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { beforeAll, describe, expect, test } from 'vitest';
import { type BuiltGlue, buildGlue } from '../../../src/transpile/lean/build.ts';
import { transpileSync } from './component.ts';
import { lending, RESOURCES, STRINGS } from './guests.ts';

const OPTIONS = { suspending: ['test:host/things#wait'], exports: ['run#run'] };

/** Glue that jco makes of guests which have, between them, all that rewrites look for. */
const sources: Record<string, string> = {};

beforeAll(async () => {
  const guests = {
    lending: lending('(call $drop (local.get $thing))'),
    resources: RESOURCES,
    strings: STRINGS,
  };
  for (const [name, wat] of Object.entries(guests))
    sources[name] = (await transpileSync(await parse(wat))).glue;
});

function build(source: string): BuiltGlue {
  return buildGlue(source, OPTIONS);
}

/** What another jco might generate: which guest, what changes, and what the reason then names. */
const CHANGES: readonly (readonly [guest: string, was: string | RegExp, becomes: string, reason: RegExp])[] =
  [
    [
      'lending',
      'export function instantiate(',
      'export function instantiateCore(',
      /no function instantiate/,
    ],
    ['lending', 'function* _initGenerator', 'function _initGenerator', /no generator/],
    ['lending', /^/, 'const first = 1;\n', /what comes before instantiate/],
    ['lending', /$/, '\nconst last = 1;', /what comes after instantiate/],
    ['lending', 'let ret;', 'let ret; const broken = ;', /Unexpected token/],
    ['lending', 'let ret;', 'let ret = unknown;', /unknown is not declared/],
    ['lending', 'let ret;', `let ret = \`\${[...unknown]}\`;`, /unknown is not declared/],
    ['lending', 'let ret;', 'let ret = getCurrentTask;', /getCurrentTask is still in use/],
    ['lending', 'let ret;', 'let ret; if (ret) return;', /returns early/],
    ['lending', 'const emptyFunc =', 'const $callStack = 1; const emptyFunc =', /names are taken/],
    ['lending', 'let ret;', 'let $answer; let ret;', /names are taken/],
    ['lending', 'const emptyFunc = () => {};', 'const emptyFunc = () => {}', /the end of const emptyFunc/],
    [
      'lending',
      'const emptyFunc = () => {};',
      'const emptyFunc = () => /x/;',
      /string, a comment or a pattern/,
    ],
    ['lending', 'const emptyFunc = () => {};', `const emptyFunc = () => \`\${{}}\`;`, /template/],
    ['lending', 'const _debugLog =', 'const _logDebug =', /debug log/],
    ['lending', /_debugLog\('\[iface="test:host/, '_debugLog(\'[from="test:host', /interface of _trampoline/],
    [
      'lending',
      /_debugLog\('\[Instruction::CallInterface\] error/,
      "const noted = _debugLog('[",
      /_debugLog is still in use|the task/,
    ],
    ['lending', /\.manuallyAsync \?/, '.manuallySuspended ?', /binding of _trampoline/],
    [
      'lending',
      'const _trampoline0 = function',
      'const _trampoline0 = async function',
      /binding of _trampoline0/,
    ],
    ['lending', /\n( *)_trampoline0\.fnName/, '\n$1other();$&', /binding of _trampoline0/],
    ['lending', /_trampoline0\.fnName = .*/, '$& $&', /_trampoline0|unknown form/],
    ['lending', 'let ret;', 'let ret; } if (emptyFunc) {', /the end of _trampoline/],
    ['lending', /(_trampoline1 = function\()arg0/, '$1arg0 = 1', /binding of _trampoline1/],
    [
      'lending',
      /(: _lowerImportBackwardsCompat\.bind\(\s*null,\s*\{\s*trampolineIdx: \d+,\s*componentIdx: )\d+/,
      '$17',
      /binding of _trampoline/,
    ],
    ['lending', /const trampoline|let trampoline/, 'let adapter', /bound in an unknown way/],
    ['lending', /_lowerImportBackwardsCompat\.bind/g, '_lowerImport.bind', /binding of _trampoline/],
    ['lending', /isAsync: false,\s*isManualAsync/g, 'isAsync: true, isManualAsync', /is async/],
    ['lending', /funcTypeIsAsync: false/g, 'funcTypeIsAsync: true', /is async/],
    ['lending', /importFn: _trampoline\d+/g, 'importFn: emptyFunc', /function of _trampoline/],
    ['lending', /fnName = 'test:host/, "fnName = 'test:guest", /names of _trampoline/],
    ['lending', 'const hostProvided = true;', '', /task of _trampoline/],
    ['lending', 'let subtask;', 'let subtask, another;', /task of _trampoline|is not declared|lean/],
    [
      'lending',
      /const started = task\.enterSync\(\);\s*let ret/,
      'const begun = task.enterSync(); let ret',
      /task of _trampoline/,
    ],
    ['lending', '_trackHostOperation(() =>', '_trackOperation(() =>', /host call of _trampoline/],
    ['lending', /fn: \(\) => _track/, 'fn: async () => _track', /host call of _trampoline/],
    [
      'lending',
      'getOrCreateAsyncState(0).markTrapped(err);',
      'getOrCreateAsyncState(0).noteTrap(err);',
      /still in use/,
    ],
    ['lending', 'task.resolve([ret]);', 'task.settle([ret]);', /task of _trampoline/],
    ['lending', /\[\(handle1 << 1\) \+ 1\] & ~T_FLAG/, '[handle1] & ~T_FLAG', /a handle of _trampoline/],
    ['lending', /rsc0 = Object\.create\(/, 'rsc0 = Object.make(', /handles of _trampoline/],
    [
      'lending',
      'curResourceBorrows.push(rsc0);',
      'curResourceBorrows.push({ rsc: rsc0 });',
      /handles of _trampoline/,
    ],
    [
      'lending',
      /rscTableRemove\(handleTable(\d+), handle1\)/,
      'rscTableRemove(handleTable$1, handle1, true)',
      /handles of _trampoline/,
    ],
    ['lending', 'callingWasmExport: true', 'callingWasmExport: false', /does not call an export/],
    ['lending', 'isManualAsync: false,', 'isManualAsync: true,', /is async/],
    ['lending', 'task.setCalleeIsAsync(false);', 'task.setCalleeKind(0);', /task of \w+ \(setCalleeKind\)/],
    ['lending', '.throwIfTrapped();', '.throwIfDead();', /state of/],
    ['lending', 'function _withGlobalCurrentTaskMeta(', 'function _withTask(', /_withGlobalCurrentTaskMeta/],
    [
      'lending',
      'calleeIsAsync, calleeComponentIdx, syncOnly',
      'calleeComponentIdx, calleeIsAsync, syncOnly',
      /parameters of _symmetric/,
    ],
    [
      'lending',
      'function resourceTransferBorrow(handle, fromTid, toTid)',
      'function resourceTransferBorrow(fromTid, handle, toTid)',
      /parameters of resourceTransferBorrow/,
    ],
    [
      'lending',
      'function rscTableRemove(table, handle)',
      'function rscTableRemove(handle, table)',
      /parameters of rscTableRemove/,
    ],
    ['lending', '{ _jcoMaySuspend: false }', '{ _jcoMaySuspend: true }', /may suspend/],
    ['lending', /Object\.assign\(_guardMayLeave\(0, (trampoline\d+)\)/, 'Object.assign($1', /is not guarded/],
    [
      'lending',
      'if (rsc[symbolDispose]) rsc[symbolDispose]();',
      'rsc[symbolDispose]();',
      /what trampoline\d+ does/,
    ],
    ['lending', /HANDLE_TABLES\[0\] = handleTable0;/, '', /is not registered/],
    ['lending', 'const captureTable0= new Map();', 'const captureTable0= new WeakMap();', /captureTable0/],
    ['lending', /instanceFlags1 = /, 'flags1 = ', /flags of component 1/],
    [
      'resources',
      /rscTableCreateOwn\.bind\(null, (handleTable\d+)\)/,
      'rscTableCreateOwn.bind(undefined, $1)',
      /the resources of trampoline/,
    ],
    [
      'resources',
      /\._componentIdx = \d+;\s*const finalization/g,
      '._component = 1; const finalization',
      /component that defines/,
    ],
    [
      'resources',
      /(exports\d+[^;\n]*)\(handleEntry\.rep\);/,
      'if (true) $1(handleEntry.rep);',
      /what trampoline\d+ does/,
    ],
    ['resources', /\.rep;\s*\}/, '.rep + 1; }', /what trampoline\d+ does/],
    ['strings', /, to_ptr, len\)\.set\(/, ', to_ptr, len * 2).set(', /what trampoline\d+ does/],
    ['strings', /(function trampoline\d+\(\) \{\s*)throw new/, '$1return new', /what trampoline\d+ does/],
    [
      'strings',
      /contextGet\.bind\(null, \{ slot: 0 \}\)/,
      'contextGet.bind(null, { slot: 2 })',
      /context slot/,
    ],
    [
      'strings',
      /contextSet\.bind\(null, \{ slot: 0 \}\)/,
      'contextSet.bind(null, { componentIdx: 1, slot: 0 })',
      /context slot/,
    ],
    [
      'strings',
      /TEXT_DECODER_UTF8\.decode\(new Uint8Array\(memory0/,
      'TEXT_DECODER_UTF8.decode(new DataView(memory0',
      /a string in an unknown place/,
    ],
    ['strings', 'let memory0;', 'let memory0; const other = memory0;', /what becomes of memory0/],
    ['strings', 'new TextDecoder()', "new TextDecoder('latin1')", /text decoder/],
    [
      'strings',
      'realloc0Async = WebAssembly.promising(',
      'realloc0Async = WebAssembly.suspending(',
      /lean|async function/,
    ],
    ['strings', 'cstate.mayLeave = false;', 'cstate.leaving = false;', /state of/],
    ['strings', /\n\s*memory0 = exports/, '\nlet other = exports', /used before it exists/],
  ];

describe('glue of another shape is unchanged', () => {
  test.each(CHANGES)('%s: %s', (guest, was, becomes, reason) => {
    const source = sources[guest]!;
    const changed = source.replace(was, becomes);
    expect(changed).not.toBe(source);
    const built = build(changed);
    expect(built.kind === 'raw' ? built.reason : 'lean').toMatch(reason);
  });

  test.each(['', 'export const nothing = 1;', 'not JavaScript at all', 'export function instantiate() {}'])(
    '%j',
    (source) => {
      expect(build(source)).toMatchObject({ kind: 'raw' });
    },
  );

  test('that can already suspend', () => {
    const source = sources.lending!.replace(/_trampoline0\.fnName/, '_trampoline0.manuallyAsync = true; $&');
    expect(build(source)).toMatchObject({ kind: 'raw' });
  });

  test('that is lean already', () => {
    const built = build(sources.lending!);
    expect(build(built.kind === 'lean' ? built.source : '')).toMatchObject({ kind: 'raw' });
  });
});
