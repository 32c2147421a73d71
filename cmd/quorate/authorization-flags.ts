import type { Flag } from './flags.js';

/** kube-apiserver's flags about who may do what. */
export const AUTHORIZATION_FLAGS: readonly Flag[] = [
  {
    name: 'authorization-mode',
    type: 'strings',
    default: 'Node,RBAC',
    help: 'Authorizers in order: AlwaysAllow, AlwaysDeny, ABAC, Webhook, RBAC, Node.',
  },
  {
    name: 'authorization-config',
    type: 'string',
    help: 'File with an AuthorizationConfiguration, instead of --authorization-mode. It is read again when it changes.',
  },
  { name: 'authorization-policy-file', type: 'string', help: 'Policies of mode ABAC: one JSON object a line.' },
  {
    name: 'authorization-webhook-config-file',
    type: 'string',
    help: 'kubeconfig of the webhook of mode Webhook.',
  },
  {
    name: 'authorization-webhook-version',
    type: 'string',
    default: 'v1beta1',
    help: 'Version of the SubjectAccessReviews that it is sent: v1 or v1beta1.',
  },
  {
    name: 'authorization-webhook-cache-authorized-ttl',
    type: 'duration',
    default: '5m0s',
    help: 'How long it is remembered that the webhook allowed something.',
  },
  {
    name: 'authorization-webhook-cache-unauthorized-ttl',
    type: 'duration',
    default: '30s',
    help: 'How long it is remembered that it did not.',
  },
];
