import type { Flag } from './flags.js';

const text = (name: string, help: string, value?: string): Flag => ({
  name,
  type: 'string',
  help,
  ...(value === undefined ? {} : { default: value }),
});

/** kube-apiserver's flags about who asks. */
export const AUTHENTICATION_FLAGS: readonly Flag[] = [
  {
    name: 'anonymous-auth',
    type: 'bool',
    default: 'true',
    help: 'Take requests without credentials as the user system:anonymous.',
  },
  {
    name: 'client-ca-file',
    type: 'string',
    help: 'Authorities of client certificates: common name is the user, organizations are the groups.',
  },
  { name: 'token-auth-file', type: 'string', help: 'CSV file of bearer tokens: token,user,uid,"group1,group2".' },
  {
    name: 'requestheader-client-ca-file',
    type: 'string',
    help: 'Authority of front proxies whose user headers are believed.',
  },
  {
    name: 'requestheader-allowed-names',
    type: 'strings',
    repeatable: true,
    help: 'Common names of believed front proxies; all of the authority when empty.',
  },
  {
    name: 'requestheader-username-headers',
    type: 'strings',
    repeatable: true,
    help: 'Headers with the user name, e.g. X-Remote-User.',
  },
  {
    name: 'requestheader-uid-headers',
    type: 'strings',
    repeatable: true,
    help: 'Headers with the uid, e.g. X-Remote-Uid.',
  },
  {
    name: 'requestheader-group-headers',
    type: 'strings',
    repeatable: true,
    help: 'Headers with a group each, e.g. X-Remote-Group.',
  },
  {
    name: 'requestheader-extra-headers-prefix',
    type: 'strings',
    repeatable: true,
    help: 'Prefixes of headers with extra facts, e.g. X-Remote-Extra-.',
  },
  {
    name: 'service-account-issuer',
    type: 'string',
    repeatable: true,
    default: 'https://kubernetes.default.svc.cluster.local',
    help: 'Issuer of service account tokens.',
  },
  { name: 'service-account-jwks-uri', type: 'string', help: 'Where verifiers find the keys, when not at this server.' },
  {
    name: 'service-account-key-file',
    type: 'string',
    repeatable: true,
    help: 'Keys that service account tokens are verified with.',
  },
  {
    name: 'service-account-signing-key-file',
    type: 'string',
    help: 'Key that service account tokens are signed with.',
  },
  {
    name: 'service-account-max-token-expiration',
    type: 'duration',
    default: '0',
    help: 'Longest life of a service account token, from 1h on; 0 for no bound.',
  },
  {
    name: 'service-account-extend-token-expiration',
    type: 'bool',
    default: 'true',
    help: 'Let the tokens of pods that do not read them anew live for a year.',
  },
  {
    name: 'service-account-lookup',
    type: 'bool',
    default: 'true',
    help: 'Take service account tokens only while the account, and what they are bound to, is there.',
  },
  { name: 'service-account-signing-endpoint', type: 'string', help: '(refused) Socket of an external signer.' },
  { name: 'api-audiences', type: 'strings', help: 'Audiences of service account tokens (default: the issuer).' },
  {
    name: 'enable-bootstrap-token-auth',
    type: 'bool',
    default: 'false',
    help: 'Accept bootstrap tokens from Secrets of kube-system.',
  },
  text(
    'authentication-config',
    'File with an AuthenticationConfiguration: issuers of JSON web tokens, and who may be anonymous. It is read again when it changes.',
  ),
  text('authentication-token-webhook-config-file', 'kubeconfig of the webhook that is asked about bearer tokens.'),
  text(
    'authentication-token-webhook-version',
    'Version of the TokenReviews that it is sent: v1 or v1beta1.',
    'v1beta1',
  ),
  {
    name: 'authentication-token-webhook-cache-ttl',
    type: 'duration',
    default: '2m0s',
    help: 'How long its answers are remembered.',
  },
  text('oidc-issuer-url', 'URL of the OpenID issuer whose tokens are taken; https only.'),
  text('oidc-client-id', 'Client ID that its tokens must be for; needed with --oidc-issuer-url.'),
  text('oidc-ca-file', "Authority of the issuer's certificate; those of the system without it."),
  text('oidc-username-claim', 'Claim that is the user name.', 'sub'),
  text(
    'oidc-username-prefix',
    "What is put before user names; the issuer's URL and # for claims other than email without it, nothing with '-'.",
  ),
  text('oidc-groups-claim', 'Claim with the groups: a string or a list of them.'),
  text('oidc-groups-prefix', 'What is put before groups.'),
  {
    name: 'oidc-required-claim',
    type: 'strings',
    repeatable: true,
    help: 'key=value of a claim that tokens must have.',
  },
  {
    name: 'oidc-signing-algs',
    type: 'strings',
    default: 'RS256',
    help: 'Algorithms with which tokens may be signed.',
  },
];
