import { FatalError } from '../../machinery/assert.js';
import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';

/** What a member of a configuration is: a value of a type, an object, or a list of either. */
export type Member = 'string' | 'boolean' | 'integer' | Shape | readonly [Member];
/** The members that an object may have. None of them must be there, and null is as good as absent. */
export interface Shape {
  readonly [name: string]: Member;
}

/** Of more no reader has use. */
const MAX_PROBLEMS = 100;
/** Characters of a value that a problem shows. */
const MAX_SHOWN = 1_024;

/**
 * Throws FatalError, which names the file, for members that a configuration does not have, and for values of another type:
 * a rule of security that is silently left out may let everybody in.
 */
export function checkShape(object: JsonObject, path: string, shape: Shape): void {
  const problems: string[] = [];
  look(object, '', shape, problems);
  if (problems.length > 0)
    throw new FatalError(`${path}: strict decoding error: ${problems.join(', ')}. Mend the file.`);
}

function look(value: JsonValue | undefined, at: string, member: Member, problems: string[]): void {
  if (value === undefined || value === null || problems.length >= MAX_PROBLEMS) return;
  const wrong = (type: string): void =>
    void problems.push(`${at} must be ${type}: it is ${JSON.stringify(value).slice(0, MAX_SHOWN)}`);
  if (typeof member === 'string') {
    const fits = member === 'integer' ? Number.isInteger(value) : typeof value === member;
    if (!fits) wrong(member === 'integer' ? 'a whole number' : `a ${member}`);
  } else if (isList(member)) {
    if (!Array.isArray(value)) wrong('a list');
    else for (const [i, item] of value.entries()) look(item ?? false, `${at}[${i}]`, member[0], problems);
  } else if (!isObject(value)) {
    wrong('an object');
  } else {
    for (const [name, item] of Object.entries(value)) {
      const place = at === '' ? name : `${at}.${name}`;
      const known = Object.hasOwn(member, name) ? member[name] : undefined;
      if (problems.length >= MAX_PROBLEMS) return;
      if (known === undefined) problems.push(`unknown field ${JSON.stringify(place)}`);
      else look(item, place, known, problems);
    }
  }
}

const isList = (member: Member): member is readonly [Member] => Array.isArray(member);
