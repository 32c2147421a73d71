import { child, defaultString } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';

/** `fieldRef.apiVersion` of a downward API reference. */
export function defaultFieldRef(holder: JsonObject | undefined): void {
  const ref = child(holder, 'fieldRef');
  if (ref !== undefined) defaultString(ref, 'apiVersion', 'v1');
}

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*';
const DOMAIN =
  '(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?';
const TAG = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
/** An image reference as container registries read it: name, tag, digest. */
const REFERENCE = new RegExp(`^((?:${DOMAIN}/)?${COMPONENT}(?:/${COMPONENT})*)(?::(${TAG}))?(?:@(${DIGEST}))?$`);
/** Characters of a whole reference: name, tag and digest have far fewer. */
const MAX_REFERENCE = 4_096;
/** Bytes of the name of a repository. */
const MAX_NAME = 255;

/**
 * Always for `:latest` or no tag, IfNotPresent for any other tag, for a digest alone, and for what is no image
 * reference at all (parsers.ParseImageName, whose error the defaults ignore).
 */
export function defaultPullPolicy(image: string): string {
  const parts = image.length > MAX_REFERENCE ? null : REFERENCE.exec(image);
  if (parts === null || (parts[1] ?? '').length > MAX_NAME) return 'IfNotPresent';
  const tag = parts[2] ?? (parts[3] === undefined ? 'latest' : '');
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}
