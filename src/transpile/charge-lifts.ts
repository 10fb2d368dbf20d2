const LIST = /\bvar result(\d+) = \[\];(?=\s*for \(let i = 0; i < len\1; i\+\+\) \{)/g;
const BYTES = /(?<=\b_listBytes\(memory\d+, \w+, )\w+ \* \d+(?=\))/g;
const TEXT =
  /(?<=\b(?:TEXT_DECODER_UTF8|utf16Decoder)\.decode\()new Uint(?:8|16)Array\(memory\d+\.buffer, \w+, \w+\)(?=\))/g;
const RESOURCES = /(?<=\bconst captureTable\d+\s?= )new Map\(\)(?=;)/g;
const HOST_FUNCTION = /\bconst _trampoline\d+ = (?:async )?function\([\w, ]*\) \{/g;
const ENTRY = /^export function instantiate\(getCoreModule, imports, [^\n]*\) \{$/m;

/** Code that must be charged. `all` also matches occurrences in another form, so that none is missed. */
const CHARGED: readonly { readonly form: RegExp; readonly all: RegExp; readonly becomes: string }[] = [
  { form: LIST, all: /\bvar result\d+ = \[\];/g, becomes: '$& $lifts.elements(len$1);' },
  { form: BYTES, all: /\b_listBytes\(memory\d/g, becomes: '$lifts.array($&)' },
  { form: TEXT, all: /\bdecode\(new Uint(?:8|16)Array\(memory\d/g, becomes: '$lifts.text($&)' },
  {
    form: HOST_FUNCTION,
    all: /\bconst _trampoline\d+ = (?:async )?function/g,
    becomes: '$& $lifts.begin();',
  },
  { form: RESOURCES, all: /\bconst captureTable\d+/g, becomes: 'new $Resources($budget)' },
];

/** Makes raw glue charge the guest's budget for contents that it lifts, and for handles on the host's resources. */
export function chargeLifts(glue: string, expectShape: (condition: boolean, what: string) => void): string {
  let code = glue;
  for (const { form, all, becomes } of CHARGED) {
    expectShape(
      (code.match(form)?.length ?? 0) === (code.match(all)?.length ?? 0),
      `where ${all.source} is charged`,
    );
    code = code.replace(form, becomes.replaceAll(/\$(?=lifts|Resources|budget)/g, '$$$$'));
  }
  expectShape(ENTRY.test(code), 'the imports');
  return code.replace(
    ENTRY,
    (entry) => `const { createLifts: $createLifts, Resources: $Resources } = $runtime;

${entry}
const $budget = imports[Symbol.for('wasmcp-node.budget')];
const $lifts = $createLifts($budget);`,
  );
}
