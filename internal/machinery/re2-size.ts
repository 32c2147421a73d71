/** What one `\p{...}` costs the compiler, in instructions: its class has hundreds of ranges. */
const UNICODE_CLASS = 20;
/** What a range beyond ASCII costs when case is ignored: each of its characters is folded. */
const FOLDED_RANGE = 200;

interface Group {
  /** Instructions of the branches so far. */
  size: number;
  /** Instructions of the last atom, which a repetition repeats. */
  last: number;
}

/** The end of a class that begins at `from` (a `[`), after its `]`. */
function classEnd(pattern: string, from: number): number {
  let i = from + 1;
  if (pattern[i] === '^') i++;
  if (pattern[i] === ']') i++;
  while (i < pattern.length && pattern[i] !== ']') {
    if (pattern[i] === '\\') i += 2;
    else if (pattern.startsWith('[:', i)) {
      const end = pattern.indexOf(':]', i + 2);
      i = end < 0 ? i + 1 : end + 2;
    } else i++;
  }
  return i + 1;
}

const count = (text: string, part: RegExp): number => text.match(part)?.length ?? 0;

/** `{n}`, `{n,}` or `{n,m}` at a place. */
const REPETITION = /\{(\d{1,4})(?:,(\d{0,4}))?\}/y;

/**
 * About how many instructions the program of an RE2 pattern has, and never much less: repetitions multiply what they
 * repeat. One pass over the text; it says nothing about whether the pattern is well formed.
 */
export function estimatedProgramSize(pattern: string): number {
  const folds = /\(\?[a-zA-Z]*i/.test(pattern);
  let group: Group = { size: 0, last: 0 };
  const open: Group[] = [];
  const atom = (size: number): void => {
    group.size += size;
    group.last = size;
  };
  for (let i = 0; i < pattern.length; ) {
    const c = pattern[i];
    if (c === '(') {
      open.push(group);
      group = { size: 2, last: 0 };
      i++;
    } else if (c === ')') {
      const inner = group.size;
      group = open.pop() ?? { size: 0, last: 0 };
      atom(inner);
      i++;
    } else if (c === '[') {
      const end = classEnd(pattern, i);
      const text = pattern.slice(i, end);
      const wide = folds ? FOLDED_RANGE * count(text, /-(?:[^\0-\x7f]|\\x)/g) : 0;
      atom(1 + UNICODE_CLASS * count(text, /\\[pP]/g) + wide);
      i = end;
    } else if (c === '\\') {
      atom(pattern[i + 1] === 'p' || pattern[i + 1] === 'P' ? UNICODE_CLASS : 1);
      i += 2;
    } else if (c === '{') {
      REPETITION.lastIndex = i;
      const found = REPETITION.exec(pattern);
      if (found === null) {
        atom(1);
        i++;
      } else {
        const times = Math.max(Number(found[1]), Number(found[2] ?? '0'), 1);
        group.size += group.last * (times - 1) + times;
        group.last = group.last * times + times;
        i += found[0].length;
      }
    } else {
      if (c === '*' || c === '+' || c === '?' || c === '|') group.size++;
      else atom(1);
      i++;
    }
  }
  return open.reduce((size, outer) => size + outer.size, group.size);
}
