import {
  additionalOf,
  itemsOf,
  notOf,
  propertiesOf,
  type Schema,
  schemasAt,
} from '../../extensions/structural/schema.js';
import { Breath, BREATH_STEPS } from '../../machinery/breathe.js';
import type { Flow } from '../../machinery/flow.js';
import { estimatedProgramSize } from '../../machinery/re2-size.js';
import { requestEntityTooLarge } from '../../machinery/status.js';
import { compileExpressionsAt } from './expressions.js';
import { compilePatternAt } from './patterns.js';

/** Instructions of all patterns of one definition; compiling so many takes about a second. */
const MAX_INSTRUCTIONS = 500_000;

/**
 * Compiles the rules and patterns of schemas ahead of their validation, which looks at all of them in one turn. Others get
 * their turn meanwhile. Throws 413 for patterns that are too much together.
 */
export function* prepareSchemas(schemas: readonly Schema[]): Flow<void> {
  const breath = new Breath();
  let instructions = 0;
  function* visit(s: Schema, isRoot: boolean): Flow<void> {
    const { pattern } = s;
    if (typeof pattern === 'string' && pattern !== '') {
      instructions += estimatedProgramSize(pattern);
      if (instructions > MAX_INSTRUCTIONS) {
        throw requestEntityTooLarge(`limit is ${MAX_INSTRUCTIONS} instructions of all patterns of a definition`);
      }
      compilePatternAt(s, pattern);
      if (breath.isDue(BREATH_STEPS)) yield breath.rest();
    }
    yield* compileExpressionsAt(s, isRoot, breath);
    if (breath.isDue()) yield breath.rest();
    const below = [itemsOf(s), additionalOf(s), notOf(s), ...propertiesOf(s).map(([, property]) => property)];
    for (const key of ['allOf', 'anyOf', 'oneOf']) below.push(...schemasAt(s, key));
    for (const part of below) if (part !== undefined) yield* visit(part, false);
  }
  for (const schema of schemas) yield* visit(schema, true);
}
