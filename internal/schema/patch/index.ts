export { PatchError } from './errors.js';
export { jsonPatch, MAX_COPIED_BYTES, MAX_JSON_PATCH_OPERATIONS } from './json-patch.js';
export { mergePatch } from './merge-patch.js';
export { goText } from './order.js';
export { strategicMergePatch } from './strategic.js';
