import type { FieldNode } from '../generic/field-node.js';
import { checkSimplePath } from './columns.js';

function checkPath(subresources: FieldNode, key: string, path: string, ...roots: readonly string[]): void {
  const at = `scale.${key}`;
  if (!checkSimplePath(subresources, at, path)) return;
  if (roots.some((root) => path.startsWith(`.${root}.`))) return;
  const where = roots.length === 1 ? `.${roots[0] ?? ''}` : `either ${roots.map((r) => `.${r}`).join(' or ')}`;
  subresources.invalid(at, `should be a json path under ${where}`, path);
}

/** Field errors of the subresources of a version. */
export function checkSubresources(subresources: FieldNode): void {
  const scale = subresources.child('scale');
  if (scale === undefined) return;
  for (const [key, root] of [
    ['specReplicasPath', 'spec'],
    ['statusReplicasPath', 'status'],
  ] as const) {
    const path = scale.text(key);
    if (path === '') subresources.required(`scale.${key}`);
    else checkPath(subresources, key, path, root);
  }
  const selector = scale.text('labelSelectorPath');
  if (selector !== '') checkPath(subresources, 'labelSelectorPath', selector, 'spec', 'status');
}
