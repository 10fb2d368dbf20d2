import { describe, expect, test } from 'vitest';
import { read } from '../docs/markdown.ts';
import { rawGlue } from '../support/raw-glue.ts';
import { serveWat } from '../support/serve-wat.ts';
import type { WatGuest } from '../support/wat-guest.ts';

const REFUSED: Readonly<Record<string, WatGuest & { readonly why: string }>> = {
  'pages of another size': {
    items: '(memory 1 (pagesize 1))',
    answer: '(i32.const 201)',
    why: 'cannot be transpiled: failed to translate component: the custom page sizes proposal must be enabled',
  },
  'stack switching': {
    items: '(type $f (func)) (type $c (cont $f)) (func $n) (elem declare func $n)',
    answer: '(drop (cont.new $c (ref.func $n))) (i32.const 201)',
    why: 'cannot define continuation types when stack switching is disabled',
  },
  'struct types of WasmGC': {
    items: '(type $s (struct (field i32)))',
    answer: '(struct.get $s 0 (struct.new $s (i32.const 201)))',
    why: 'bytes is refused: core module 0 has struct or array types (WasmGC)',
  },
  'wide arithmetic': {
    answer: '(i64.mul_wide_u (i64.const 201) (i64.const 1)) (drop) (i32.wrap_i64)',
    why: 'cannot compile: WebAssembly.compile(): Compiling function #4:"answer" failed: invalid numeric opcode: 0xfc16',
  },
  'a 64-bit memory': {
    items: '(memory i64 1)',
    answer: '(i32.const 201)',
    why: 'bytes does not fit: a core module cannot be read: 64-bit memory is not supported',
  },
  'a shared memory': {
    items: '(memory 1 2 shared)',
    answer: '(i32.atomic.load (i32.const 0))',
    why: 'bytes does not fit: a core module cannot be read: shared memory is not supported',
  },
  'strings as latin1+utf16': {
    before: `(import "acme:lab/host@1.0.0" (instance $lab (export "say" (func (param "text" string)))))
      (core module $o (memory (export "m") 1)) (core instance $o (instantiate $o))
      (alias core export $o "m" (core memory $memory))
      (core func $say (canon lower (func $lab "say") (memory $memory) string-encoding=latin1+utf16))`,
    answer: '(i32.const 201)',
    why: 'bytes is refused: it uses strings as latin1+utf16, which are not supported',
  },
  'asynchronous functions': {
    before: '(import "acme:lab/host@1.0.0" (instance (export "later" (func async (param "n" u32)))))',
    answer: '(i32.const 201)',
    why: 'bytes is refused: it uses asynchronous functions, streams or futures, which are not supported',
  },
  streams: {
    before: '(type $bytes (stream u8)) (core func $new (canon stream.new $bytes))',
    answer: '(i32.const 201)',
    why: 'bytes is refused: it uses asynchronous functions, streams or futures, which are not supported',
  },
  'waiting for tasks': {
    before: '(component (core func $new (canon waitable-set.new)))',
    answer: '(i32.const 201)',
    why: 'bytes is refused: it uses asynchronous functions, streams or futures, which are not supported',
  },
};

describe('refuses, with the reason, a guest that uses', () => {
  test.each(Object.entries(REFUSED))('%s', async (_, { why, ...guest }) => {
    await expect(serveWat(guest)).rejects.toMatchObject({
      code: 'component-invalid',
      message: expect.stringContaining(why),
    });
  });
});

test('the messages that docs/compatibility.md gives are those', () => {
  const [, refused = ''] = read('docs/compatibility.md').split('## Does not run');
  const messages = [...refused.matchAll(/\| `([^`]+)` +\|$/gm)].map(([, message]) => message!);
  expect(messages).toHaveLength(8);
  const reasons = Object.values(REFUSED).map(({ why }) => why);
  for (const message of messages) {
    expect(
      reasons.some((why) => why.includes(message)),
      message,
    ).toBe(true);
  }
});

describe("serves a guest with objects on V8's heap where that is allowed", () => {
  test('and restores its instance while it changes none of them', async () => {
    const guest = {
      items: '(type $s (struct (field i32)))',
      answer: '(struct.get $s 0 (struct.new $s (i32.const 201)))',
    };
    expect(await serveWat(guest, { allowWasmGc: true })).toEqual({ statuses: [201, 201, 201], log: [] });
  });

  test('with a new instance for each request when it does', async () => {
    const guest = {
      items: `(type $a (array (mut i32))) (global $g (ref $a) (array.new $a (i32.const 200) (i32.const 1)))`,
      answer: `(array.set $a (global.get $g) (i32.const 0)
        (i32.add (array.get $a (global.get $g) (i32.const 0)) (i32.const 1)))
        (array.get $a (global.get $g) (i32.const 0))`,
    };
    const { statuses, log } = await serveWat(guest, { allowWasmGc: true });
    expect(statuses).toEqual([201, 201, 201]);
    if (!rawGlue) expect(log).toEqual([expect.stringContaining('it changes objects (array.set)')]);
  });
});
