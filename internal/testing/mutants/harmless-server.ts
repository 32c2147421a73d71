import type { Argued } from './harmless.js';

type Break = readonly [text: string, to: string, of?: string];
const argued = (file: string, why: string, ...breaks: readonly Break[]): Argued[] =>
  breaks.map(([text, replacement, original]) => ({
    file: `internal/server/${file}`,
    text,
    replacement,
    ...(original === undefined ? {} : { original }),
    why,
  }));

const SHORT_CUT = 'a short cut: what follows comes to the same';
const PAIRS = 'behind the last pair of name and value there is none, and every name has a value';
const HEAD = "return body[KIND_AT] === KIND_BYTE && body.toString('latin1', 0, STATUS_HEAD.length) === STATUS_HEAD;";
const RETHROWN =
  'if (!(error instanceof JsonSyntaxError || error instanceof YamlError || error instanceof StatusError)) throw error;';

/** Of `server`. */
export const HARMLESS_SERVER: readonly Argued[] = [
  ...argued('allocator-metrics.ts', 'without a state there is no network either, and nothing is told', [
    'const [network, ...more] = of === undefined ? [] : serviceCidrs(of.backend);',
    '["Stryker was here"]',
  ]),
  ...argued('allocator-metrics.ts', 'without a state there is no network either, and nothing is told', [
    'if (of === undefined || network === undefined || more.length > 0) return;',
    'false',
  ]),
  ...argued(
    'audit-response.ts',
    'a short cut: what is no Status is told apart when it is read',
    ["const KIND_AT = STATUS_HEAD.indexOf('Status');", '""'],
    [HEAD, 'true'],
    [HEAD, "body[KIND_AT] === KIND_BYTE || body.toString('latin1', 0, STATUS_HEAD.length) === STATUS_HEAD"],
  ),
  ...argued('audit-response.ts', 'what is split has a first part', [
    "const mediaType = contentType.split(';')[0]?.trim();",
    "contentType.split(';')[0].trim",
  ]),
  ...argued('audit-response.ts', 'what is no protobuf does not begin as it does, and is no object either way', [
    'if (mediaType === PROTOBUF_MEDIA_TYPE) return decodeProtobuf(body).object;',
    'true',
  ]),
  ...argued(
    'audit-response.ts',
    'only a bug of ours throws anything else',
    ['} catch (error) {', '{}'],
    [RETHROWN, 'false'],
    [RETHROWN, 'true'],
  ),
  ...argued('audit-response.ts', 'a copy of the bytes', [
    "const bytesOf = (body: Buffer | string): Buffer => (typeof body === 'string' ? Buffer.from(body) : body);",
    'true',
  ]),
  ...argued('audit-response.ts', 'beyond the bound everything is thrown away at each piece', [
    'if (bytes > MAX_RECORDED_BYTES) return;',
    'false',
  ]),
  ...argued('answer-head.ts', 'of nothing there is nothing to write', ['if (headers !== undefined) {', 'true']),
  ...argued('backup-stream.ts', 'the sinks of both ports have it', ['sink.break?.();', 'sink.break()']),
  ...argued('backup-stream.ts', 'the same to a fraction of a millisecond', [
    'if (performance.now() > until)',
    'performance.now() >= until',
  ]),
  ...argued('chain.ts', 'a deadline at infinity never comes', [
    'if (deadline !== Number.POSITIVE_INFINITY) deadlines.add(waiting);',
    'true',
  ]),
  ...argued('filters/authentication.ts', 'only what opens a session looks at when the token ends', [
    "if (context.header('upgrade') !== '') {",
    'true',
  ]),
  ...argued('message-queue.ts', 'what was handed on is thrown away a little later', [
    'if (this.#first === this.#waiting.length) {',
    'false',
  ]),
  ...argued('request-info.ts', 'one empty part names nothing either', [
    "return from === to ? [] : path.slice(from, to).split('/');",
    'false',
  ]),
  ...argued('uws/receive-buffer.ts', 'a line with a local address has an inode too', [
    "const [, local, , itsState, , , , , , inode = ''] = line.trim().split(/\\s+/);",
    '"Stryker was here!"',
  ]),
  ...argued('debug-raft.ts', 'the same to a fraction of a millisecond', [
    'for (const until = performance.now() + TRANSFER_MS; performance.now() < until; ) {',
    'performance.now() <= until',
  ]),
  ...argued('deadlines.ts', 'deadlines are kept to 250 ms', [
    'if (waiting.deadline > now) continue;',
    'waiting.deadline >= now',
  ]),
  ...argued('filters/audit.ts', 'the same to a fraction of a millisecond', [
    'if (took <= SLOW_MS) return;',
    'took < SLOW_MS',
  ]),
  ...argued('filters/audit.ts', 'every refusal of who is not known has a body', [
    "if (audit === undefined || !('body' in answer.reply)) return answer;",
    'false',
  ]),
  ...argued('filters/audit.ts', 'whether others have their turn before a large answer is read', [
    'if (reply.body.length >= LARGE_BYTES) return inTurns(reply, then);',
    'false',
  ]),
  ...argued('chain.ts', 'without a pattern no origin matches', [
    '...(corsOrigins.length === 0 ? [] : [withCors(corsOrigins)]),',
    'false',
  ]),
  ...argued('chain.ts', 'no browser is at an origin of that name', [
    'const { takesNoMore, hsts = [], corsOrigins = [] } = parts;',
    '["Stryker was here"]',
  ]),
  ...argued('chain.ts', 'behind the last filter there is none', [
    'for (let i = from; i < filters.length; i++) {',
    'i <= filters.length',
  ]),
  ...argued('chain.ts', 'each of them is there', ['const answer = filters[i]?.(context);', 'filters[i](context)']),
  ...argued('internal-client.ts', 'every path begins with a slash', [
    'const path = decodeURIComponent(question < 0 ? target : target.slice(0, question));',
    'question <= 0',
  ]),
  ...argued(
    'list-options.ts',
    SHORT_CUT,
    ["if (query === '') return NONE;", 'false'],
    ["if (query === '') return NONE;", '"Stryker was here!"'],
  ),
  ...argued('list-options.ts', 'no selector either', [
    "return { watch: queryBool(params.get('watch')), metadataName: exactName(params.get('fieldSelector') ?? '') };",
    '"Stryker was here!"',
  ]),
  ...argued('pages.ts', 'the first v is the one in front', [
    "`Binary version: ${VERSION.gitVersion.replace(/^v/, '')}`,",
    '/v/',
  ]),
  ...argued('request-context.ts', SHORT_CUT, ["if (rawQuery === '') return NO_QUERY;", '"Stryker was here!"']),
  ...argued('request-info.ts', 'a path that ends there has no namespace, and no place moves', [
    "if (all[from] === 'namespaces' && all.length - from > 1) {",
    'true',
  ]),
  ...argued('request-info.ts', 'behind its end a text has no slash', [
    'while (from < to && path.charCodeAt(from) === 47) from++;',
    'from <= to',
  ]),
  ...argued('source-ips.ts', 'a cache of addresses, which are made anew', ['if (ips === undefined) {', 'true']),
  ...argued('uws/exchange.ts', PAIRS, [
    'for (let i = 0; i < this.headers.length; i += 2) {',
    'i <= this.headers.length',
  ]),
  ...argued('uws/framing.ts', PAIRS, ['for (let i = 0; i < headers.length; i += 2) {', 'i <= headers.length']),
  ...argued('uws/framing.ts', PAIRS, [
    "if (chunked || headers[i + 1]?.toLowerCase() !== 'chunked') return 'invalid';",
    'headers[i + 1].toLowerCase',
  ]),
  ...argued('uws/sink.ts', 'what is written says it before it is looked at', ['let flowing = true;', 'false']),
  ...argued('poststart/worker.ts', 'without a timer nobody asks what it is for', ['#retrying = false;', 'true']),
  ...argued('poststart/reconcile.ts', 'a short cut: nothing of the copy is changed then', ["case 'ifMissing':", '""']),
  ...argued('poststart/reconcile.ts', 'what is stored has metadata', [
    "return said === 'true' || (said !== 'false' && metadata?.['generation'] === 1);",
    "metadata['generation']",
  ]),
  ...argued('poststart/reconcile.ts', 'no suggested object has this field: `exempt` is mandatory', [
    "if (wanted.reconcile === 'mandatory') delete spec['exempt'];",
    'true',
  ]),
  ...argued('request-info.ts', 'of an empty path there is no first part, and this text is no prefix either', [
    "const apiPrefix = all[0] ?? '';",
    '"Stryker was here!"',
  ]),
  ...argued(
    'request-info.ts',
    'a path that ends there has no namespace, and no place moves',
    ["if (all[from] === 'namespaces' && all.length - from > 1) {", 'all.length - from >= 1'],
    ["if (all[from] === 'namespaces' && all.length - from > 1) {", 'all.length + from'],
  ),
  ...argued('request-info.ts', 'behind its end a text has no slash', [
    'while (from < to && path.charCodeAt(from) === 47) from++;',
    'true',
    'from < to',
  ]),
  ...argued(
    'request-info.ts',
    'of slashes alone one empty part is left, which names nothing',
    ['while (to > from && path.charCodeAt(to - 1) === 47) to--;', 'true', 'to > from'],
    ['while (to > from && path.charCodeAt(to - 1) === 47) to--;', 'to >= from'],
  ),
  ...argued('request-info.ts', 'a part of that name is no prefix of an API', [
    "return from === to ? [] : path.slice(from, to).split('/');",
    '["Stryker was here"]',
  ]),
  ...argued(
    'source-ips.ts',
    'an empty text is no address',
    ["if (forwarded === '' && real === '') return remote;", 'false'],
    ["if (forwarded === '' && real === '') return remote;", '"Stryker was here!"'],
  ),
  ...argued(
    'source-ips.ts',
    'a cache of addresses, which are made anew',
    ['if (known.size >= MAX_KNOWN) known.clear();', 'true'],
    ['if (known.size >= MAX_KNOWN) known.clear();', 'known.size > MAX_KNOWN'],
  ),
  ...argued(
    'uws/address.ts',
    'a cache of texts, which are made anew',
    ['if (text === undefined) {', 'true'],
    ['if (known.size >= MAX_KNOWN) known.clear();', 'true'],
    ['if (known.size >= MAX_KNOWN) known.clear();', 'known.size > MAX_KNOWN'],
  ),
  ...argued('reviews/review.ts', '`between` looks at it as well', ['if (ctx.isLarge) await between(ctx);', 'true']),
  ...argued('uws/listener.ts', 'it is 1 or -1', ['const isOpened = Number(count) > 0;', 'Number(count) >= 0']),
  ...argued('body-budget.ts', 'of bodies that are as large as each other any may be refused', [
    'if (holder.incomplete && holder.heldBytes > (largest?.heldBytes ?? 0)) largest = holder;',
    'holder.heldBytes >= (largest?.heldBytes ?? 0)',
  ]),
  ...argued('paths.ts', 'what is a property of its own is there', [
    'return (Object.hasOwn(routes, first) ? routes[first]?.(request) : undefined) ?? pageNotFound();',
    'routes[first](request)',
  ]),
  ...argued(
    'request-context.ts',
    SHORT_CUT,
    ["if (rawQuery === '') return NO_QUERY;", 'false'],
    ['return this.notes === undefined ? NO_NOTES : new Map(this.notes);', 'false'],
  ),
  ...argued('request-context.ts', PAIRS, ['for (let i = 0; i < headers.length; i += 2) {', 'i <= headers.length']),
  ...argued('session-end.ts', 'it looks once more, at the end itself', [
    'timer = left > LONGEST_TIMER_MS ? setTimeout(wait, LONGEST_TIMER_MS) : setTimeout(then, Math.max(left, 0));',
    'left >= LONGEST_TIMER_MS',
  ]),
  ...argued('answer-head.ts', 'every name of an object has its value', [
    "for (const name in headers) res.writeHeader(name, headers[name] ?? '');",
    '"Stryker was here!"',
  ]),
  ...argued('debug-raft.ts', 'what is split has a first part', [
    "const [name = '', operation] = path.slice(MEMBERS.length + 1).split('/');",
    '"Stryker was here!"',
  ]),
  ...argued(
    'debug-raft.ts',
    'who leaves one of them out is refused',
    ["return perform(control, () => control.addMember(name ?? '', address ?? ''));", '"Stryker was here!"'],
    ["return perform(control, () => moveLeader(control, name ?? ''));", '"Stryker was here!"'],
  ),
  ...argued('list-options.ts', 'this part of the pattern is in every match', [
    "if (match !== null) return match[1] ?? '';",
    '"Stryker was here!"',
  ]),
  ...argued('node/exchange.ts', 'what a server is asked has a method and a target', [
    "const { method = '', url = '', rawHeaders } = message;",
    '"Stryker was here!"',
  ]),
  ...argued(
    'node/exchange.ts',
    PAIRS,
    [
      "for (let i = 0; i < this.headers.length; i += 2) if (this.headers[i] === name) return this.headers[i + 1] ?? '';",
      '"Stryker was here!"',
    ],
    [
      "for (let i = 0; i < this.headers.length; i += 2) if (this.headers[i] === name) return this.headers[i + 1] ?? '';",
      'i <= this.headers.length',
    ],
  ),
  ...argued('openid.ts', 'what is split has a first part', [
    "const ranges = accept.split(',').map((r) => (r.split(';')[0] ?? '').trim());",
    '"Stryker was here!"',
  ]),
  ...argued('paths.ts', 'a path without a slash is none that is served', [
    "const first = request.path.split('/', 2)[1] ?? '';",
    '"Stryker was here!"',
  ]),
  ...argued('health.ts', 'every path begins with a slash', [
    "const [, endpoint = '', ...rest] = request.path.split('/');",
    '"Stryker was here!"',
  ]),
  ...argued('poststart/identity-lease.ts', 'a digest has bits', [
    "return (bits.match(/.{1,5}/g) ?? []).map((five) => BASE32[Number.parseInt(five.padEnd(5, '0'), 2)] ?? '').join('');",
    '["Stryker was here"]',
  ]),
  ...argued(
    'refusal-hold.ts',
    'there is each of the slots',
    ['const due = this.#slots[this.#next]?.splice(0) ?? [];', '["Stryker was here"]'],
    ['const due = this.#slots[this.#next]?.splice(0) ?? [];', 'this.#slots[this.#next].splice'],
  ),
  ...argued(
    'request-context.ts',
    PAIRS,
    ["if (headers[i] === name) return headers[i + 1] ?? '';", '"Stryker was here!"'],
    ["if (headers[i] === name) values.push(headers[i + 1] ?? '');", '"Stryker was here!"'],
    ["const name = headers[i] ?? '';", '"Stryker was here!"'],
    ["if (name.startsWith(prefix)) found.push([name, headers[i + 1] ?? '']);", '"Stryker was here!"'],
  ),
  ...argued(
    'request-info.ts',
    'such a path has this part: its parts were counted',
    ["const version = (isApi ? all[1] : all[2]) ?? '';", '"Stryker was here!"'],
    ["if (SPECIAL_VERBS.has(all[from] ?? '')) {", '"Stryker was here!"'],
    ["verb = all[from] ?? '';", '"Stryker was here!"'],
    ["namespace = all[from + 1] ?? '';", '"Stryker was here!"'],
    [
      "if (all.length - from > 2 && !NAMESPACE_SUBRESOURCES.has(all[from + 2] ?? '')) from += 2;",
      '"Stryker was here!"',
    ],
    ["const resource = all[from] ?? '';", '"Stryker was here!"'],
  ),
  ...argued('source-ips.ts', 'this part of the pattern is in every match', [
    "const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)];",
    '"Stryker was here!"',
  ]),
  ...argued('reviews/identity.ts', 'every name of an object has its value', [
    'for (const key of Object.keys(user.extra).toSorted()) extra[key] = [...(user.extra[key] ?? [])];',
    '["Stryker was here"]',
  ]),
  ...argued('reviews/access.ts', 'one value is there: they were counted', [
    ".map((r) => `${str(r, 'key')}=${strings(r, 'values')[0] ?? ''}`)",
    '"Stryker was here!"',
  ]),
  ...argued('uws/exchange.ts', PAIRS, [
    "if (this.headers[i] === name) return this.headers[i + 1] ?? '';",
    '"Stryker was here!"',
  ]),
  ...argued('uws/framing.ts', PAIRS, ["const value = headers[i + 1] ?? '';", '"Stryker was here!"']),
  ...argued(
    'poststart/identity-lease.ts',
    'the path says what it is',
    ["apiVersion: 'coordination.k8s.io/v1',", '""'],
    ["kind: 'Lease',", '""'],
  ),
  ...argued('refusal-hold.ts', 'there is each of the slots', [
    'if (slot !== undefined && slot.length < SLOT_REFUSALS) return slot;',
    'true',
    'slot !== undefined',
  ]),
  ...argued(
    'backup-stream.ts',
    'a text of the log alone',
    ['throw new Error(`its client was too slow: it took more than ${LONGEST_MS / 60_000} minutes`);', '``'],
    ["if (outcome === 'stalled') throw new Error(`its client took nothing for ${STALLED_MS / 1000} s`);", '``'],
  ),
  ...argued('profiling.ts', 'whatever asks for a profile can go away', [
    'request.onAborted?.(() => {',
    'request.onAborted(() => {\n  clearTimeout(timer);\n  resolve();\n})',
  ]),
  ...argued(
    'filters/audit.ts',
    SHORT_CUT,
    [
      'responseStatus: status === undefined ? plainStatus(reply.status) : { metadata: {}, ...status, code: reply.status },',
      'false',
    ],
    ['if (annotations.size === 0) return authorizationNotes(isAllowed, authorization.reason);', 'false'],
  ),
  ...argued('internal-client.ts', 'what the server asks of itself is answered whole', [
    "if (!('body' in reply)) throw new Error(`${method} ${target} answered with a stream`);",
    'false',
  ]),
  ...argued('uws/listener.ts', 'an app that was closed has nothing more to close', [
    'if (!this.closed) this.app.close();',
    'true',
  ]),
  ...argued(
    'uws/large-answer.ts',
    'whether a long body is written as its client reads it, which comes whole either way',
    ['export const LARGE_BYTES = 64 * 1024;', '64 / 1024'],
  ),
  ...argued('uws/listener.ts', 'an app that was closed has nothing more to close', ['this.closed = true;', 'false']),
];
