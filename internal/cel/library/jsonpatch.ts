import { type FunctionDecl, overload } from '../check/environment.js';
import { STRING } from '../check/types.js';

/** Kubernetes' library for JSON patches, which only mutating policies have. */
export const JSON_PATCH_FUNCTIONS: readonly FunctionDecl[] = [
  {
    name: 'jsonpatch.escapeKey',
    overloads: [
      overload('string_jsonpatch_escapeKey_string', [STRING], STRING, (s) =>
        (s as string).replace(/[~/]/g, (c) => (c === '~' ? '~0' : '~1')),
      ),
    ],
  },
];
