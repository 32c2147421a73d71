import { additionalOf, propertiesOf, propertyOf, type Schema } from '../../extensions/structural/schema.js';

/** Where a path leads: the names on the way and the schema at its end. */
export interface FoundField {
  readonly names: readonly string[];
  readonly schema: Schema;
}

/** `.`, `[`, `]`, quoted texts and what is between them. */
const tokensOf = (path: string): string[] => path.match(/'(?:[^'\\]|\\.)*'|[.[\]]|[^.[\]']+|'/g) ?? [];

/**
 * Follows a path such as `.spec.color` through a schema. Answers a sentence when it leads nowhere. Fields of a map are
 * reached with brackets as well, where `brackets` are allowed.
 */
export function followPath(path: string, root: Schema, brackets: boolean): FoundField | string {
  const tokens = tokensOf(path);
  const names: string[] = [];
  let schema = root;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    if (token !== '.' && token !== '[') return `expected [ or . but got: ${token ?? ''}`;
    if (token === '[' && !brackets) return 'array notation is not allowed';
    const next = tokens[++i];
    if (next === undefined) return 'unexpected end of JSON path';
    let name = next;
    if (token === '[') {
      if (!/^'.*'$/s.test(next)) return `expected single quoted string but got ${next}`;
      name = next.slice(1, -1).replace(/\\(.)/gs, '$1');
      const close = tokens[++i];
      if (close === undefined) return 'unexpected end of JSON path';
      if (close !== ']') return `expected ] but got ${close}`;
    }
    const found = propertiesOf(schema).length > 0 ? propertyOf(schema, name) : additionalOf(schema);
    if (found === undefined) return 'does not refer to a valid field';
    names.push(name);
    schema = found;
  }
  return { names, schema };
}
