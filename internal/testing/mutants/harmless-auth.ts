import type { Argued } from './harmless.js';

/** Of `auth`. */
export const HARMLESS_AUTH: readonly Argued[] = [
  {
    file: 'internal/auth/authorizers.ts',
    text: "if (b.reason === '' && b.error === undefined) return a;",
    replacement: '"Stryker was here!"',
    why: 'a short cut: what follows comes to the same',
  },
  {
    file: 'internal/auth/service-account.ts',
    text: 'const words = wanted.length > 16 ? new Set(wanted) : undefined;',
    replacement: 'wanted.length >= 16',
    why: 'from which length on a set is quicker than a list',
  },
  {
    file: 'internal/auth/node-graph.ts',
    text: "const [namespace = '', name = ''] = claim.split('/');",
    replacement: '"Stryker was here!"',
    why: 'for the types: a claim has a slash, and so both parts',
  },
  {
    file: 'internal/auth/node.ts',
    text: 'const rule = a.isResourceRequest && Object.hasOwn(this.byResource, key) ? this.byResource[key] : undefined;',
    replacement: 'a.isResourceRequest || Object.hasOwn(this.byResource, key)',
    why: 'a key has a slash, which no name has that every object inherits, and a request for a path has no resource',
  },
];
