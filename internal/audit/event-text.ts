import type { UserInfo } from '../auth/types.js';
import type { JsonObject } from '../machinery/json.js';
import { quote } from '../machinery/status.js';
import type { AuditEvent, ObjectReference } from './types.js';

/** The text of a user is the same for each of their requests, as long as the authenticator hands out the same object. */
const userTexts = new WeakMap<UserInfo, string>();

function userText(user: UserInfo): string {
  let text = userTexts.get(user);
  if (text === undefined) {
    const extra = Object.keys(user.extra).length === 0 ? undefined : user.extra;
    text = JSON.stringify({
      ...(user.username === '' ? {} : { username: user.username }),
      ...(user.uid === '' ? {} : { uid: user.uid }),
      ...(user.groups.length === 0 ? {} : { groups: user.groups }),
      ...(extra === undefined ? {} : { extra }),
    });
    userTexts.set(user, text);
  }
  return text;
}

const member = (name: string, value: string): string => (value === '' ? '' : `,"${name}":${JSON.stringify(value)}`);

function referenceText(ref: ObjectReference): string {
  const text =
    member('resource', ref.resource) +
    member('namespace', ref.namespace) +
    member('name', ref.name) +
    member('uid', ref.uid) +
    member('apiGroup', ref.apiGroup) +
    member('apiVersion', ref.apiVersion) +
    member('resourceVersion', ref.resourceVersion) +
    member('subresource', ref.subresource);
  return `{${text.slice(1)}}`;
}

/** Go writes the keys of a map in byte order. */
function annotationsText(annotations: ReadonlyMap<string, string>): string {
  const keys = [...annotations.keys()].sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(annotations.get(key))}`).join(',')}}`;
}

const statusText = (status: JsonObject): string => JSON.stringify(status);

/** An event as audit.k8s.io/v1 JSON on one line, without the line's end, in Go's order of fields. */
export function eventJson(e: AuditEvent): string {
  let text = `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"${e.level}","auditID":${JSON.stringify(e.auditId)},"stage":"${e.stage}"`;
  text += `,"requestURI":${JSON.stringify(e.requestUri)},"verb":${JSON.stringify(e.verb)}`;
  text += `,"user":${e.user === undefined ? '{}' : userText(e.user)}`;
  if (e.impersonatedUser !== undefined) text += `,"impersonatedUser":${userText(e.impersonatedUser)}`;
  if (e.sourceIPs.length > 0) text += `,"sourceIPs":${JSON.stringify(e.sourceIPs)}`;
  text += member('userAgent', e.userAgent);
  if (e.objectRef !== undefined) text += `,"objectRef":${referenceText(e.objectRef)}`;
  if (e.responseStatus !== undefined) text += `,"responseStatus":${statusText(e.responseStatus)}`;
  if (e.requestObject !== undefined) text += `,"requestObject":${e.requestObject}`;
  if (e.responseObject !== undefined) text += `,"responseObject":${e.responseObject}`;
  text += `,"requestReceivedTimestamp":"${e.requestReceivedTimestamp}","stageTimestamp":"${e.stageTimestamp}"`;
  if (e.annotations.size > 0) text += `,"annotations":${annotationsText(e.annotations)}`;
  return `${text}}`;
}

const quotedList = (items: readonly string[]): string => items.map(quote).join(',');

/** An event as one line of the format `legacy` (apiserver's audit.EventString). */
export function eventLine(e: AuditEvent): string {
  const user = e.user === undefined || e.user.username === '' ? undefined : e.user;
  const groups = user === undefined || user.groups.length === 0 ? '<none>' : quotedList(user.groups);
  const as = e.impersonatedUser?.username ?? '<self>';
  const asGroups = e.impersonatedUser === undefined ? '<lookup>' : quotedList(e.impersonatedUser.groups);
  const namespace = e.objectRef?.namespace || '<none>';
  const code = e.responseStatus?.['code'];
  const response = typeof code === 'number' ? String(code) : '<deferred>';
  return (
    `${e.requestReceivedTimestamp.replace(/\.?0+Z$/, 'Z')} AUDIT: id=${quote(e.auditId)} stage=${quote(e.stage)} ` +
    `ip=${quote(e.sourceIPs[0] ?? '<unknown>')} method=${quote(e.verb)} user=${quote(user?.username ?? '<none>')} ` +
    `groups=${quote(groups)} as=${quote(as)} asgroups=${quote(asGroups)} user-agent=${quote(e.userAgent)} ` +
    `namespace=${quote(namespace)} uri=${quote(e.requestUri)} response="${response}"`
  );
}
