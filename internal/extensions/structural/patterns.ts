const compiled = new Map<string, RegExp | undefined>();
/** Patterns that are kept compiled; the oldest goes first. */
const MAX_COMPILED = 1024;

/** Go's `(?i)`, `(?s)`, `(?m)` before a pattern, which are flags here. */
const FLAGS = /^\(\?([ims]+)\)/;
/** Go's ends of the text, which JavaScript writes with anchors. */
const ENDS: readonly (readonly [RegExp, string])[] = [
  [/\\A/g, '^'],
  [/\\z/g, '$'],
  [/\(\?P</g, '(?<'],
];

function compile(pattern: string): RegExp | undefined {
  const flags = FLAGS.exec(pattern);
  let source = flags === null ? pattern : pattern.slice(flags[0].length);
  for (const [go, js] of ENDS) source = source.replace(go, js);
  // Go's RE2 has neither: what needs them must not compile here either.
  if (/\(\?<?[=!]/.test(source) || /(?:^|[^\\])(?:\\\\)*\\[1-9]/.test(source)) return undefined;
  for (const mode of [`u${flags?.[1] ?? ''}`, flags?.[1] ?? '']) {
    try {
      return new RegExp(source, mode);
    } catch (e) {
      if (!(e instanceof SyntaxError)) throw e;
    }
  }
  return undefined;
}

/** The pattern of a schema as a regular expression; undefined when it is none. Bounded cache. */
export function compilePattern(pattern: string): RegExp | undefined {
  if (compiled.has(pattern)) return compiled.get(pattern);
  const made = compile(pattern);
  if (compiled.size >= MAX_COMPILED) {
    const oldest = compiled.keys().next().value;
    if (oldest !== undefined) compiled.delete(oldest);
  }
  compiled.set(pattern, made);
  return made;
}
