import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { beforeAll, expect, test } from 'vitest';
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

test('jco’s output becomes lean glue, which is smaller', () => {
  for (const source of Object.values(sources)) {
    const built = build(source);
    expect(built).toMatchObject({ kind: 'lean' });
    if (built.kind === 'lean') expect(built.source.length).toBeLessThan(source.length / 3);
  }
});

test('no machinery for tasks remains, and nothing prints', () => {
  for (const source of Object.values(sources)) {
    const built = build(source);
    const text = built.kind === 'lean' ? built.source : '';
    expect(text).not.toMatch(
      /AsyncTask|createSubtask|JCO_DEBUG|console\.(debug|log|warn)|_createdReps|setTimeout/,
    );
    expect(text).not.toMatch(/new TextDecoder\((?![^)]*fatal: true,\s*ignoreBOM: true)/);
  }
});

test('side effects of the declarations of helpers are kept', () => {
  const source = sources.lending!.replace('const emptyFunc = () => {};', "$&\n  Symbol.for('noted');");
  expect(build(source)).toMatchObject({ source: expect.stringContaining("Symbol.for('noted')") });
});

test('names in WIT may equal names in the glue', async () => {
  const witSource = `package test:names@1.0.0;
    interface names {
      enum kind { task, %return, memory0 }
      record parts { task: kind, memory0: string, cur-resource-borrows: list<u8>, cstate: option<u32>, started: bool }
      swap: func(parts: parts, started: kind) -> result<parts, kind>;
    }
    world guest { import names; export names; }`;
  const core = await componentEmbed({ witSource, dummy: true });
  const { glue } = await transpileSync(await componentNew(core));
  for (const suspending of [[], ['test:names/names#swap']]) {
    const built = buildGlue(glue, { suspending, exports: suspending });
    expect(built).toMatchObject({ kind: 'lean' });
  }
});
