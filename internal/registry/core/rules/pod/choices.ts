import type { FieldNode } from '../../../generic/field-node.js';

/** Sorted, as field errors name them. */
export const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];

/** Required when empty, else one of the values. */
export function requireChoice(node: FieldNode, key: string, choices: readonly string[]): void {
  if (node.text(key) === '') node.required(key);
  else node.requireOneOf(key, choices);
}
