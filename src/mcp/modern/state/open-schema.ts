import { isObject, type JsonObject } from '../client-message.ts';

/** Keywords whose schemas see the same object as the schema itself (JSON Schema 2020-12, "Core", section 10.2). */
const LISTS = ['allOf', 'anyOf', 'oneOf'] as const;
const SINGLES = ['if', 'then', 'else', 'not', '$ref', '$dynamicRef'] as const;

/**
 * Whether an object may get one more property once the schema lists it: `additionalProperties: false` beside `properties` knows
 * it then, but a schema within the schema does not.
 */
export function admitsProperty(schema: JsonObject): boolean {
  if (schema.propertyNames !== undefined || schema.maxProperties !== undefined) return false;
  const { dependentSchemas } = schema;
  const inner: unknown[] = [...LISTS, ...SINGLES].flatMap((name) => (schema[name] as unknown[]) ?? []);
  const dependent = isObject(dependentSchemas) ? Object.values(dependentSchemas) : [];
  return inner.every(isOpen) && dependent.every(isOpen);
}

/** Whether a schema admits properties that it does not list. One that is elsewhere may not. */
function isOpen(schema: unknown): boolean {
  if (!isObject(schema)) return schema === true;
  const { additionalProperties = true, unevaluatedProperties = true } = schema;
  return additionalProperties === true && unevaluatedProperties === true && admitsProperty(schema);
}
