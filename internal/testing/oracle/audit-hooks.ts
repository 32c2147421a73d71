import { startWebhookServer, type WebhookServer } from '../webhook-server.js';

// The webhooks that the recorded audit sample was recorded with: what they do stands in its events.

const PATCH = [{ op: 'add', path: '/data', value: { hook: 'was here' } }];
const RULE = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] };

/** Plays them: one changes the object, one notes something, one fails. */
export async function startAuditHooks(): Promise<WebhookServer> {
  const server = await startWebhookServer();
  const patch = Buffer.from(JSON.stringify(PATCH)).toString('base64');
  server.on('/adds', () => ({ allowed: true, patchType: 'JSONPatch', patch }));
  server.on('/notes', () => ({ allowed: true, auditAnnotations: { k: 'v' } }));
  server.on('/fails', () => ({ raw: 'out of order', status: 500 }));
  return server;
}

/** Their configuration: they are asked about what has the label `hooked`. */
export const auditHooks = ({ url, caBundle }: WebhookServer): object => ({
  metadata: { name: 'audit-hooks' },
  webhooks: ['adds', 'notes', 'fails'].map((name) => ({
    name: `${name}.audit.example.com`,
    clientConfig: { url: `${url}/${name}`, caBundle },
    rules: [RULE],
    objectSelector: { matchLabels: { hooked: 'yes' } },
    failurePolicy: 'Ignore',
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
  })),
});
