import type { UserInfo } from '../auth/types.js';
import { quote } from '../machinery/status.js';
import { annotationsJson, sharedText } from './shared-parts.js';
import type { AuditEvent, ObjectReference, RequestFacts, RequestText } from './types.js';

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

/** What all events of a request say alike. */
function requestText(r: RequestFacts): RequestText {
  if (r.made.text !== undefined) return r.made.text;
  const user = r.user === undefined ? '{}' : userText(r.user);
  const ips = r.sourceIPs.length === 0 ? '' : `,"sourceIPs":${JSON.stringify(r.sourceIPs)}`;
  r.made.text = {
    head: `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"${r.level}","auditID":${JSON.stringify(r.auditId)},"stage":"`,
    front: `","requestURI":${JSON.stringify(r.requestUri)},"verb":${JSON.stringify(r.verb)},"user":${user}`,
    back: ips + member('userAgent', r.userAgent),
  };
  return r.made.text;
}

/** An event as audit.k8s.io/v1 JSON on one line, without the line's end, in Go's order of fields. */
export function eventJson(e: AuditEvent): string {
  const { request } = e;
  const { head, front, back } = requestText(request);
  let text = head + e.stage + front;
  if (e.impersonatedUser !== undefined) text += `,"impersonatedUser":${userText(e.impersonatedUser)}`;
  if (e.impersonationConstraint !== '')
    text += `,"authenticationMetadata":{"impersonationConstraint":${JSON.stringify(e.impersonationConstraint)}}`;
  text += back;
  if (e.objectRef !== undefined) text += `,"objectRef":${referenceText(e.objectRef)}`;
  if (e.responseStatus !== undefined) {
    text += `,"responseStatus":${sharedText(e.responseStatus) ?? JSON.stringify(e.responseStatus)}`;
  }
  if (e.requestObject !== undefined) text += `,"requestObject":${e.requestObject}`;
  if (e.responseObject !== undefined) text += `,"responseObject":${e.responseObject}`;
  text += `,"requestReceivedTimestamp":"${request.requestReceivedTimestamp}","stageTimestamp":"${e.stageTimestamp}"`;
  if (e.annotations.size > 0) text += `,"annotations":${sharedText(e.annotations) ?? annotationsJson(e.annotations)}`;
  return `${text}}`;
}

const quotedList = (items: readonly string[]): string => items.map(quote).join(',');

/** An event as one line of the format `legacy` (apiserver's audit.EventString). */
export function eventLine(e: AuditEvent): string {
  const { request } = e;
  const user = request.user?.username === '' ? undefined : request.user;
  const groups = user === undefined || user.groups.length === 0 ? '<none>' : quotedList(user.groups);
  const as = e.impersonatedUser?.username ?? '<self>';
  const asGroups = e.impersonatedUser === undefined ? '<lookup>' : quotedList(e.impersonatedUser.groups);
  const namespace = e.objectRef?.namespace || '<none>';
  const code = e.responseStatus?.['code'];
  const response = typeof code === 'number' ? String(code) : '<deferred>';
  return (
    `${request.requestReceivedTimestamp.replace(/\.?0+Z$/, 'Z')} AUDIT: id=${quote(request.auditId)} stage=${quote(e.stage)} ` +
    `ip=${quote(request.sourceIPs[0] ?? '<unknown>')} method=${quote(request.verb)} user=${quote(user?.username ?? '<none>')} ` +
    `groups=${quote(groups)} as=${quote(as)} asgroups=${quote(asGroups)} user-agent=${quote(request.userAgent)} ` +
    `namespace=${quote(namespace)} uri=${quote(request.requestUri)} response="${response}"`
  );
}
