import { expectShape } from '../expect-shape.ts';

/** A host function for guests, as jco generated it. */
export interface ExtractedHostFunction {
  /** jco's number for it: `trampolineN` is what guests import, `_trampolineN` is the code. */
  readonly number: string;
  /** Lifts parameters, calls the host, and lowers the result: a function expression. */
  readonly code: string;
  /** The names of its parameters. */
  readonly params: readonly string[];
  /** The text between the code and the assignment of the name that jco's tasks show. */
  readonly gap: string;
  /** `interface#function` in jco's spelling, without the type of a method. */
  readonly fnName: string;
  /** Source of the object that describes the function to jco's machinery. */
  readonly meta: string;
}

/** Glue in two parts. */
export interface ExtractedGlue {
  /** `_trampolineN` is `$codeN`, `trampolineN` is `$boundN`. */
  readonly rest: string;
  /** By number. */
  readonly hostFunctions: ReadonlyMap<string, ExtractedHostFunction>;
}

/** Up to the closing line: the lines between are indented further. */
const CODE =
  /^( *)const (_trampoline(\d+)) = (function\(((?:\w+(?:, \w+)*)?)\) \{\n(?:\1 .*\n| *\n)*\1\})(\s*)\2\.fnName = '([^'\n]*)';$/gm;
/** Contains both variants: jco chooses one when the function is created. */
const BINDING =
  /^( *let trampoline(\d+) = )_trampoline\2\.manuallyAsync \? new WebAssembly\.Suspending\(_suspendingImport\(\d+, (_lowerImportBackwardsCompat\.bind\(\s*null,\s*(\{[\s\S]*?\}),\s*\))\)\) : \3;$/gm;

/**
 * Extracts the code of host functions, and their bindings for guests, from the glue. They are four fifths of it, all in the
 * same form: parsing them would take most of the time.
 *
 * @throws GlueMismatch if one of them has another form
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

/** Reinserts the code of host functions. */
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
