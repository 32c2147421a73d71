import type { Flag } from './flags.js';

/** kube-apiserver's flags about TLS, and about what browsers are told. */
export const TRANSPORT_FLAGS: readonly Flag[] = [
  {
    name: 'tls-min-version',
    type: 'string',
    help: 'Oldest TLS version that is spoken: VersionTLS12 (also when an older one is named) or VersionTLS13.',
  },
  {
    name: 'tls-cipher-suites',
    type: 'strings',
    help: 'Cipher suites of TLS 1.2 that are spoken, by the names of Go. Those of TLS 1.3 always are.',
  },
  {
    name: 'tls-sni-cert-key',
    type: 'string',
    repeatable: true,
    separator: '\n',
    help: 'Certificate and key, with the names that they are for: "foo.crt,foo.key:*.foo.com,foo.com"; those of the certificate without any.',
  },
  {
    name: 'strict-transport-security-directives',
    type: 'strings',
    help: 'Directives of the header Strict-Transport-Security, e.g. max-age=31536000,includeSubDomains,preload.',
  },
  {
    name: 'cors-allowed-origins',
    type: 'strings',
    help: "Regular expressions of the origins whose pages may use the API from a browser, e.g. '//example\\.com(:|$)'.",
  },
  {
    name: 'goaway-chance',
    type: 'string',
    default: '0',
    help: 'Share of requests whose HTTP/2 connection is asked to end, 0 to 0.02. Accepted, and without effect: HTTP/1.1 only.',
  },
];
