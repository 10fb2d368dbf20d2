/** The part of JSON Schema that the OpenAPI document of the admin API uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minimum?: number;
}

/** Where and how a value differs from its schema; also where it has properties that the schema does not name. */
export function violations(
  value: unknown,
  schema: Schema,
  schemas: Readonly<Record<string, Schema>>,
  path = '$',
): string[] {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1)!;
    const named = schemas[name];
    return named === undefined ? [`${path}: no schema ${name}`] : violations(value, named, schemas, path);
  }
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length > 0 && !types.some((type) => isOfType(value, type))) {
    return [`${path}: ${JSON.stringify(value)?.slice(0, 80)} is not of type ${types.join(' or ')}`];
  }
  const found: string[] = [];
  if (schema.enum?.includes(value) === false) found.push(`${path}: ${value} is not one of ${schema.enum}`);
  if (typeof value === 'number' && value < (schema.minimum ?? value))
    found.push(`${path}: ${value} is too small`);
  if (Array.isArray(value)) {
    for (const [at, item] of value.entries())
      found.push(...violations(item, schema.items ?? {}, schemas, `${path}[${at}]`));
  } else if (typeof value === 'object' && value !== null && schema.properties !== undefined) {
    for (const name of schema.required ?? []) if (!(name in value)) found.push(`${path}: ${name} is missing`);
    for (const [name, part] of Object.entries(value)) {
      const known = schema.properties[name];
      found.push(
        ...(known === undefined
          ? [`${path}: ${name} is not described`]
          : violations(part, known, schemas, `${path}.${name}`)),
      );
    }
  }
  return found;
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}
