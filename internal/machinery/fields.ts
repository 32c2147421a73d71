import { SelectorError } from './labels.js';

/** One `field=value` or `field!=value`. */
export interface FieldRequirement {
  readonly field: string;
  readonly equal: boolean;
  readonly value: string;
}
/** Every requirement must hold; an empty list selects everything. */
export type FieldSelector = readonly FieldRequirement[];

/** Splits at commas that no backslash escapes. */
function terms(text: string): string[] {
  const out: string[] = [];
  let start = 0;
  let escaped = false;
  for (let i = 0; i < text.length; i++) {
    if (escaped) {
      escaped = false;
    } else if (text[i] === '\\') {
      escaped = true;
    } else if (text[i] === ',') {
      out.push(text.slice(start, i));
      start = i + 1;
    }
  }
  out.push(text.slice(start));
  return out;
}

function splitTerm(term: string): FieldRequirement | undefined {
  for (let i = 0; i < term.length; i++) {
    for (const op of ['!=', '==', '=']) {
      if (term.startsWith(op, i)) {
        return { field: term.slice(0, i), equal: op !== '!=', value: term.slice(i + op.length) };
      }
    }
  }
  return undefined;
}

function unescape(s: string): string {
  if (!/[\\,=]/.test(s)) return s;
  let out = '';
  for (let i = 0; i < s.length; i++) {
    const c = s[i] ?? '';
    if (c === '\\') {
      const next = s[i + 1];
      if (next === undefined) throw new SelectorError('invalid field selector: invalid escape sequence: \\');
      if (next !== '\\' && next !== ',' && next !== '=') {
        throw new SelectorError(`invalid field selector: invalid escape sequence: \\${next}`);
      }
      out += next;
      i++;
    } else if (c === ',' || c === '=') {
      throw new SelectorError(`invalid field selector: unescaped character in value: ${c.charCodeAt(0)}`);
    } else {
      out += c;
    }
  }
  return out;
}

/** Parses `metadata.name=a,status.phase!=Running` as apimachinery's pkg/fields. Throws SelectorError with its texts. */
export function parseFieldSelector(text: string): FieldSelector {
  if (text === '') return [];
  const out: FieldRequirement[] = [];
  for (const term of terms(text).sort()) {
    if (term === '') continue;
    const r = splitTerm(term);
    if (r === undefined) throw new SelectorError(`invalid selector: '${text}'; can't understand '${term}'`);
    out.push({ ...r, value: unescape(r.value) });
  }
  return out;
}

/** Whether an object with these field values is selected; a field that is not there has the value ''. */
export function matchesFields(selector: FieldSelector, valueOf: (field: string) => string): boolean {
  for (const r of selector) if ((valueOf(r.field) === r.value) !== r.equal) return false;
  return true;
}

/** The one value that a field must have (`field=value`), or undefined. */
export function requiredValue(selector: FieldSelector, field: string): string | undefined {
  return selector.find((r) => r.equal && r.field === field)?.value;
}
