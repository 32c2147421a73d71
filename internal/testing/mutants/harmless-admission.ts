import type { Argued } from './harmless.js';

const argued = (file: string, why: string, text: string, ...replacements: readonly string[]): Argued[] =>
  replacements.map((replacement) => ({ file: `internal/admission/${file}`, text, replacement, why }));

/** Of `admission`. */
export const HARMLESS_ADMISSION: readonly Argued[] = [
  ...argued(
    'limit-ranger/index.ts',
    'what is made or changed has an object: the compiler asks for the check',
    'if (a.object === undefined || what === undefined) return;',
    'false',
  ),
  ...argued(
    'pod-security/index.ts',
    'an update has an old object, and nothing else has one',
    "if (a.operation === 'UPDATE' && a.oldObject !== undefined && !isSignificantUpdate(a.object, a.oldObject)) return;",
    'true',
  ),
  ...argued(
    'resource-quota/evaluators/index.ts',
    'evaluators are kept only so that they need not be made anew',
    'if (count === undefined) {',
    'true',
  ),
  ...argued(
    'resource-quota/evaluators/index.ts',
    'evaluators are kept only so that they need not be made anew',
    'if (counts.size >= COUNTS_MAX) counts.clear();',
    'true',
    'counts.size < COUNTS_MAX',
    'counts.size > COUNTS_MAX',
  ),
  ...argued(
    'resource-quota/evaluators/pod-usage.ts',
    'a condition that is not there has no reason',
    "return pending !== undefined && str(pending, 'reason') === 'Infeasible';",
    'true',
  ),
  ...argued(
    'image-policy-webhook/index.ts',
    'an answer that is kept for no time is over when it is found',
    'if (keptMs > 0 && isShort) known.set(key, { status, until: Date.now() + keptMs });',
    'true',
    'keptMs >= 0',
  ),
  ...argued(
    'namespace-lifecycle/index.ts',
    'a cache of keys, which are made anew',
    'if (keys.size >= MAX_KEYS) keys.clear();',
    'true',
    'keys.size > MAX_KEYS',
    'keys.size < MAX_KEYS',
  ),
  ...argued(
    'policies/params.ts',
    'parameters are kept parsed only so that they need not be parsed anew',
    'const oldest = known.size > KEPT ? known.keys().next().value : undefined;',
    'true',
    'known.size >= KEPT',
    'known.size <= KEPT',
  ),
  ...argued(
    'policies/mutate-object.ts',
    'the compiler lets through what comes to an Object, and nothing else does',
    'if (!(value instanceof ObjectValue))',
    'false',
  ),
  ...argued(
    'policies/patch-values.ts',
    'the compiler lets through lists of JSONPatch alone',
    'if (!(value instanceof CelList)) {',
    'false',
  ),
  ...argued(
    'policies/patch-values.ts',
    'the compiler lets through lists of JSONPatch alone',
    'if (!(operation instanceof JsonPatchValue)) {',
    'false',
  ),
];
