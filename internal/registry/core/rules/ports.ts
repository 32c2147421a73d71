import { portName, portNumber } from '../../../machinery/formats.js';
import type { FieldNode } from '../../generic/field-node.js';

/** A port by number; absent reads as 0, which is none. */
export function checkPort(owner: FieldNode, key: string): void {
  const port = owner.number(key) ?? 0;
  for (const message of portNumber(port)) owner.invalid(key, message, port);
}

/** A port by number or by the name of a container port. */
export function checkPortOrName(owner: FieldNode, key: string): void {
  if (typeof owner.get(key) === 'string') owner.checkText(key, portName);
  else checkPort(owner, key);
}
