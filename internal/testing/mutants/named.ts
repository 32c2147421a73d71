/** One break that must be noticed, chosen by hand. */
export interface NamedBreak {
  /** What a user would lose. */
  readonly loss: string;
  readonly file: string;
  /** A piece of the file's source that stands in it once, */
  readonly source: string;
  /** and what stands there instead in the broken product. */
  readonly broken: string;
  /** The test file that notices. */
  readonly test: string;
}

/**
 * Security-relevant lines of which a mutation run once found that no near test missed them. CI breaks one after the other and
 * fails when its test passes nevertheless.
 */
export const NAMED: readonly NamedBreak[] = [
  {
    loss: "a front proxy's certificate is of the authority for front proxies",
    file: 'internal/auth/request-header.ts',
    source: 'trusted: named && options.isFrontProxy(facts),',
    broken: 'trusted: named,',
    test: 'internal/auth/request-header.test.ts',
  },
  {
    loss: 'a front proxy has an allowed name',
    file: 'internal/auth/request-header.ts',
    source: 'trusted: named && options.isFrontProxy(facts),',
    broken: 'trusted: options.isFrontProxy(facts),',
    test: 'internal/auth/request-header.test.ts',
  },
  {
    loss: 'a client certificate that has expired lets nobody in',
    file: 'internal/auth/client-cert.ts',
    source: "return known.user !== 'invalid' && leftMs >= 0 ? known.user : 'invalid';",
    broken: 'return known.user;',
    test: 'internal/auth/client-cert.test.ts',
  },
  {
    loss: 'who impersonates may be in the groups that were asked for',
    file: 'internal/auth/impersonation-modes.ts',
    source: '(await this.mayBeIn(groups)) ??',
    broken: '',
    test: 'internal/auth/impersonation.test.ts',
  },
  {
    loss: 'every group that is impersonated is authorized, not the first alone',
    file: 'internal/auth/impersonation-modes.ts',
    source: 'for (const name of groups) {',
    broken: 'for (const name of groups.slice(0, 1)) {',
    test: 'internal/auth/impersonation.test.ts',
  },
  {
    loss: 'only a Secret of the type of bootstrap tokens is one',
    file: 'internal/auth/bootstrap-token.ts',
    source: "str(object, 'type') === 'bootstrap.kubernetes.io/token' &&",
    broken: '',
    test: 'internal/auth/bootstrap-token.test.ts',
  },
  {
    loss: 'a bootstrap token whose expiration has passed or cannot be read is refused',
    file: 'internal/auth/bootstrap-token.ts',
    source: "isAhead(field('expiration'), now());",
    broken: 'true;',
    test: 'internal/auth/bootstrap-token.test.ts',
  },
  {
    loss: 'a token is not taken before its notBefore',
    file: 'internal/auth/service-account.ts',
    source: 'const begun = latest >= known.notBefore && latest >= known.issuedAt;',
    broken: 'const begun = latest >= known.issuedAt;',
    test: 'internal/auth/service-account.test.ts',
  },
  {
    loss: 'a RoleBinding gives rights in its own namespace alone',
    file: 'internal/auth/rbac.ts',
    source: 'found(this.bindings, user, namespace)',
    broken: "found(this.bindings, user, 'ns')",
    test: 'internal/auth/rbac.test.ts',
  },
  {
    loss: 'a RoleBinding names a Role of its own namespace',
    file: 'internal/auth/rbac.ts',
    source: "objectKey(GROUP, 'roles', namespace, name)",
    broken: "objectKey(GROUP, 'roles', 'ns', name)",
    test: 'internal/auth/rbac.test.ts',
  },
  {
    loss: 'who may apply may not therefore create',
    file: 'internal/rest/write/update-object.ts',
    source: 'await authorizeCreate(deps, kind, ctx);',
    broken: '',
    test: 'internal/rest/write/may-create.test.ts',
  },
  {
    loss: 'reads in flight are bounded',
    file: 'internal/server/in-flight.ts',
    source: 'if (!exempt && isFull(maxReadOnly, state.readOnly, info, user)) return undefined;',
    broken: '',
    test: 'internal/server/in-flight.test.ts',
  },
  {
    loss: 'writes in flight are bounded',
    file: 'internal/server/in-flight.ts',
    source: 'if (!exempt && isFull(maxMutating, state.mutating, info, user)) return undefined;',
    broken: '',
    test: 'internal/server/in-flight.test.ts',
  },
  {
    loss: 'all bodies together are bounded',
    file: 'internal/server/body-budget.ts',
    source: 'while (this.total > this.all && this.refuseAnywhere());',
    broken: '',
    test: 'internal/server/body-budget.test.ts',
  },
  {
    loss: 'all bodies together are bounded to what is documented',
    file: 'internal/server/body-budget.ts',
    source: 'export const BODIES_BYTES = 256 * 1024 * 1024;',
    broken: 'export const BODIES_BYTES = 256 * 1024 * 1024 * 1024;',
    test: 'internal/server/body-budget.test.ts',
  },
  {
    loss: 'a replica without a leader is not ready',
    file: 'internal/server/health.ts',
    source: "['readyz', [ping, quorum, store(STORE_READY), ...steps, shutdown]],",
    broken: "['readyz', [ping, store(STORE_READY), ...steps, shutdown]],",
    test: 'internal/server/health.test.ts',
  },
  {
    loss: 'a replica whose store fails is not alive',
    file: 'internal/server/health.ts',
    source: "['livez', [ping, store('etcd')]],",
    broken: "['livez', [ping]],",
    test: 'internal/server/health.test.ts',
  },
  {
    loss: "a peer's server shows a certificate for the host that was dialled",
    file: 'internal/transport/tls.ts',
    source: 'checkServerIdentity: (_name, cert) => checkServerIdentity(host, cert),',
    broken: 'checkServerIdentity: () => undefined,',
    test: 'internal/transport/transport.test.ts',
  },
  {
    loss: 'who calls a peer shows a certificate of the peer authority',
    file: 'internal/transport/tls.ts',
    source: 'super({ requestCert: true, rejectUnauthorized: true }, contextOf(tls));',
    broken: 'super({ requestCert: true, rejectUnauthorized: false }, contextOf(tls));',
    test: 'internal/transport/transport.test.ts',
  },
  {
    loss: 'who calls a peer is asked for a certificate',
    file: 'internal/transport/tls.ts',
    source: 'super({ requestCert: true, rejectUnauthorized: true }, contextOf(tls));',
    broken: 'super({ requestCert: false, rejectUnauthorized: false }, contextOf(tls));',
    test: 'internal/transport/transport.test.ts',
  },
  {
    loss: "the bytes in a peer's queue are bounded",
    file: 'internal/transport/link.ts',
    source: '(this.#queueBytes > QUEUE_BYTES_MAX && this.#queue.length > 1)',
    broken: 'false',
    test: 'internal/transport/transport.test.ts',
  },
  {
    loss: 'the hash of all changes tells one key from another',
    file: 'internal/store/meta.ts',
    source: 'crc32(key, crc32(scratch, meta.hashA))',
    broken: 'crc32(scratch, meta.hashA)',
    test: 'internal/store/meta.test.ts',
  },
  {
    loss: 'the hash of all rows tells one key from another',
    file: 'internal/store/row-sums.ts',
    source: 'const keyHash = crc32(key, SEEDS[table]);',
    broken: 'const keyHash = SEEDS[table];',
    test: 'internal/store/row-sums.test.ts',
  },
  {
    loss: 'a grant of a pre-vote counts only for the term that was asked about',
    file: 'internal/raft/election.ts',
    source: "if (m.type === 'preVoteResp' && !m.reject && m.term !== core.term + 1) return;",
    broken: '',
    test: 'internal/raft/election.test.ts',
  },
  {
    loss: 'being asked for a pre-vote does not end a term',
    file: 'internal/raft/step.ts',
    source: "const hypothetical = m.type === 'preVote' || (m.type === 'preVoteResp' && !m.reject);",
    broken: "const hypothetical = m.type === 'preVoteResp' && !m.reject;",
    test: 'internal/raft/election.test.ts',
  },
  {
    loss: 'a snapshot that is meant for another member is not taken',
    file: 'internal/raft/follow.ts',
    source: 'if (!allMembers(members).includes(core.id)) return;',
    broken: '',
    test: 'internal/raft/membership.test.ts',
  },
  {
    loss: 'proposals are bounded in number',
    file: 'internal/replica/proposals.ts',
    source: 'if (this.#count >= PROPOSALS_MAX || (this.#count > 0',
    broken: 'if ((this.#count > 0',
    test: 'internal/replica/proposals.test.ts',
  },
  {
    loss: 'proposals are bounded in bytes',
    file: 'internal/replica/proposals.ts',
    source: ' || (this.#count > 0 && this.#bytes + bytes > PROPOSAL_BYTES_MAX)',
    broken: '',
    test: 'internal/replica/proposals.test.ts',
  },
  {
    loss: 'of several default PriorityClasses the lowest counts',
    file: 'internal/admission/priority/index.ts',
    source: ".sort((a, b) => (num(a, 'value') ?? 0) - (num(b, 'value') ?? 0))[0];",
    broken: '.at(0);',
    test: 'internal/admission/priority/priority.test.ts',
  },
  {
    loss: 'a pod names no priority other than that of its class',
    file: 'internal/admission/priority/index.ts',
    source: 'if (given !== undefined && given !== computed) {',
    broken: 'if (given !== undefined && given > 0 && given > computed) {',
    test: 'internal/admission/priority/priority.test.ts',
  },
  {
    loss: 'a pod names no preemption policy other than that of its class',
    file: 'internal/admission/priority/index.ts',
    source: "if (asked !== '' && asked !== policy) {",
    broken: "if (asked !== '' && asked !== policy && asked === '') {",
    test: 'internal/admission/priority/priority.test.ts',
  },
  {
    loss: 'a toleration of another effect does not stand for that of a lost node',
    file: 'internal/admission/default-toleration-seconds/index.ts',
    source: "(str(t, 'effect') === 'NoExecute' || str(t, 'effect') === ''),",
    broken: 'true,',
    test: 'internal/admission/default-toleration-seconds/default-toleration-seconds.test.ts',
  },
  {
    loss: 'a toleration of every key stands for that of a lost node too',
    file: 'internal/admission/default-toleration-seconds/index.ts',
    source: "(str(t, 'key') === key || str(t, 'key') === '') &&",
    broken: "str(t, 'key') === key &&",
    test: 'internal/admission/default-toleration-seconds/default-toleration-seconds.test.ts',
  },
  {
    loss: 'nobody gives rights that they do not have to the whole cluster, by a ClusterRoleBinding',
    file: 'internal/admission/role-escalation/index.ts',
    source: "new Set(['rolebindings', 'clusterrolebindings'])",
    broken: "new Set(['rolebindings'])",
    test: 'internal/admission/role-escalation/role-escalation.test.ts',
  },
  {
    loss: 'a node gets no token that is bound to nothing on it',
    file: 'internal/admission/node-restriction/index.ts',
    source: "if (a.operation !== 'CREATE' || a.subresource !== 'token') return undefined;",
    broken: 'if (a.namespace !== undefined) return undefined;',
    test: 'internal/admission/node-restriction/node-restriction.test.ts',
  },
  {
    loss: 'only who asks for a token is asked what it is bound to',
    file: 'internal/admission/node-restriction/index.ts',
    source: "a.operation !== 'CREATE' || a.subresource !== 'token'",
    broken: "a.subresource !== 'token'",
    test: 'internal/admission/node-restriction/node-restriction.test.ts',
  },
];
