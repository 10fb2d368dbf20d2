import { ApiError } from './reply.ts';
import type { Call, Parameter, ParameterSchema } from './route.ts';

/** @throws ApiError 400 */
export function checkedPath(values: Readonly<Record<string, string>>): Call['path'] {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      try {
        return [name, decodeURIComponent(value)];
      } catch {
        throw new ApiError(400, `${name} in the path is not UTF-8 in percent-encoding`);
      }
    }),
  );
}

/**
 * The query of a URL with the defaults of its parameters.
 *
 * @throws ApiError 400
 */
export function checkedQuery(url: string, parameters: readonly Parameter[]): Call['query'] {
  const at = url.indexOf('?');
  const given = new URLSearchParams(at < 0 ? '' : url.slice(at + 1));
  const known = parameters.filter((parameter) => parameter.in === 'query');
  for (const name of given.keys()) {
    if (!known.some((parameter) => parameter.name === name))
      throw new ApiError(400, `unknown parameter "${name}"`);
    if (given.getAll(name).length > 1) throw new ApiError(400, `${name} is given more than once`);
  }
  return Object.fromEntries(
    known.map(({ name, schema }) => {
      const value = given.get(name) ?? undefined;
      if (value !== undefined) check(name, value, schema);
      return [name, value ?? ('default' in schema ? String(schema.default) : undefined)];
    }),
  );
}

function check(name: string, value: string, schema: ParameterSchema): void {
  switch (schema.type) {
    case 'boolean':
      if (value !== 'true' && value !== 'false') throw new ApiError(400, `${name} is true or false`);
      return;
    case 'integer': {
      const { minimum, maximum } = schema;
      const isNumber = /^\d{1,9}$/.test(value) && Number(value) >= minimum && Number(value) <= maximum;
      if (!isNumber) throw new ApiError(400, `${name} is a whole number from ${minimum} to ${maximum}`);
      return;
    }
    case 'string': {
      const { enum: choices, maxLength = Number.POSITIVE_INFINITY } = schema;
      if (choices?.includes(value) === false) throw new ApiError(400, `${name} is ${choices.join(', ')}`);
      if (value.length > maxLength) throw new ApiError(400, `${name} has at most ${maxLength} characters`);
    }
  }
}
