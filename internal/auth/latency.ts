import { Histograms } from '../machinery/histogram.js';

/** kube-apiserver's buckets of both, in seconds. */
const SECONDS = [
  0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384,
];
/** Of the time that certificates have left: half an hour, hours, days, weeks, months (of 30 days). */
const LEFT_SECONDS = [
  0, 1800, 3600, 7200, 21_600, 43_200, 86_400, 172_800, 345_600, 604_800, 2_592_000, 7_776_000, 15_552_000, 31_104_000,
];

const authentication = new Histograms(
  'authentication_duration_seconds',
  'Authentication duration in seconds broken out by result.',
  SECONDS,
);
const authorization = new Histograms(
  'authorization_duration_seconds',
  'Authorization duration in seconds broken out by result.',
  SECONDS,
);
const certificates = new Histograms(
  'apiserver_client_certificate_expiration_seconds',
  'Distribution of the remaining lifetime on the certificate used to authenticate a request.',
  LEFT_SECONDS,
);
const authenticated = {
  success: authentication.seriesOf('result="success"'),
  failure: authentication.seriesOf('result="failure"'),
};
const authorized = {
  allow: authorization.seriesOf('result="allowed"'),
  deny: authorization.seriesOf('result="denied"'),
  noOpinion: authorization.seriesOf('result="no-opinion"'),
  error: authorization.seriesOf('result="error"'),
};
const left = certificates.seriesOf('');

/** Users who are counted under their own names; others are `email_id` or `other` (apiserver's compressUsername). */
const NAMED = ['admin', 'client', 'kube_proxy', 'kubelet', 'system:serviceaccount:kube-system:default'];
const requests = new Map<string, number>();

function labelOf(username: string): string {
  if (NAMED.includes(username)) return username;
  return username.includes('@') ? 'email_id' : 'other';
}

/** How long it takes to find out who asks, and whether they may. Every request is observed: nothing is allocated. */
export const authLatency = {
  authenticated(username: string, ms: number): void {
    const label = labelOf(username);
    requests.set(label, (requests.get(label) ?? 0) + 1);
    authentication.observe(authenticated.success, ms / 1000);
  },
  refused: (ms: number): void => authentication.observe(authenticated.failure, ms / 1000),
  authorized: (result: keyof typeof authorized, ms: number): void =>
    authorization.observe(authorized[result], ms / 1000),
  /** A request with a certificate that ends in so many milliseconds, or has ended. */
  certificate: (leftMs: number): void => certificates.observe(left, leftMs / 1000),
  /** Prometheus text format. */
  *render(): Generator<string> {
    yield* authentication.render();
    yield* authorization.render();
    yield* certificates.render();
    const name = 'authenticated_user_requests';
    yield `# HELP ${name} Counter of authenticated requests broken out by username.\n# TYPE ${name} counter\n`;
    for (const [username, count] of requests) yield `${name}{username="${username}"} ${count}\n`;
  },
};
