import { expectShape } from '../expect-shape.ts';

/** A host function as a guest sees it, as jco generated it. */
export interface ExtractedHostFunction {
  /** jco's number for it: `trampolineN` is what guests import, `_trampolineN` is the code. */
  readonly number: string;
  /** Lifts parameters, calls the host, and lowers the result: a function expression. */
  readonly code: string;
  /** The names of its parameters. */
  readonly params: readonly string[];
  /** What stands between the code and the assignment of the name that jco's tasks show. */
  readonly gap: string;
  /** `interface#function` in jco's spelling, without the type of a method. */
  readonly fnName: string;
  /** Source of the object by which jco's machinery knows the function. */
  readonly meta: string;
}

/** Glue in two parts. */
export interface ExtractedGlue {
  /** `_trampolineN` is `$codeN`, `trampolineN` is `$boundN`. */
  readonly rest: string;
  /** By number. */
  readonly hostFunctions: ReadonlyMap<string, ExtractedHostFunction>;
}

/** To the line that closes it: what is inside is indented by more. */
const CODE =
  /^( *)const (_trampoline(\d+)) = (function\(((?:\w+(?:, \w+)*)?)\) \{\n(?:\1 .*\n| *\n)*\1\})(\s*)\2\.fnName = '([^'\n]*)';$/gm;
/** Says everything twice: jco knows the way to take when the function is made. */
const BINDING =
  /^( *let trampoline(\d+) = )_trampoline\2\.manuallyAsync \? new WebAssembly\.Suspending\(_suspendingImport\(\d+, (_lowerImportBackwardsCompat\.bind\(\s*null,\s*(\{[\s\S]*?\}),\s*\))\)\) : \3;$/gm;

/**
 * Takes the code of host functions, and what guests are given of them, out of the glue. They are four fifths of it, all
 * of one form: to parse them would take most of the time.
 *
 * @throws GlueMismatch when one of them does not look like all the others
 */
export function extractHostFunctions(glue: string): ExtractedGlue {
  const extracted = new Map<string, Omit<ExtractedHostFunction, 'meta'>>();
  const hostFunctions = new Map<string, ExtractedHostFunction>();
  const withoutCode = glue.replace(
    CODE,
    (
      _,
      indent: string,
      name: string,
      number: string,
      code: string,
      params: string,
      gap: string,
      fnName: string,
    ) => {
      expectShape(!extracted.has(number), `there are two ${name}`);
      extracted.set(number, { number, code, params: params.split(', ').filter(Boolean), gap, fnName });
      return `${indent}const ${name} = $code${number};`;
    },
  );
  const rest = withoutCode.replace(BINDING, (_, start: string, number: string, _bound, meta: string) => {
    const hostFunction = extracted.get(number);
    expectShape(hostFunction && !hostFunctions.has(number), `the binding of _trampoline${number}`);
    hostFunctions.set(number, { ...hostFunction, meta });
    return `${start}$bound${number};`;
  });
  for (const number of extracted.keys()) {
    if (hostFunctions.has(number)) continue;
    const binding = `let trampoline${number} = `;
    expectShape(!rest.includes(binding), `the binding of _trampoline${number}`, binding);
    expectShape(false, 'a host function is bound in an unknown way');
  }
  expectShape(
    (rest.match(/_trampoline\d/g) ?? []).length === extracted.size,
    'a host function in an unknown form',
  );
  return { rest, hostFunctions };
}

/** Puts code in its place. */
export function reinsertHostFunctions(rest: string, codes: ReadonlyMap<string, string>): string {
  const missing = new Set(codes.keys());
  const whole = rest.replace(/\$code(\d+);/g, (_, number: string) => {
    const code = codes.get(number);
    expectShape(code !== undefined && missing.delete(number), `the place of _trampoline${number}`);
    return code;
  });
  expectShape(missing.size === 0, 'a host function has no place');
  return whole;
}
