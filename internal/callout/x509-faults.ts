import type { PeerCertificate } from 'node:tls';

/** Who calls, where kube-apiserver counts what is wrong with the certificates that are met. */
export type Caller = 'webhooks' | 'kube_aggregator';

const faults: Readonly<Record<Caller, { missingSan: number; sha1: number }>> = {
  webhooks: { missingSan: 0, sha1: 0 },
  kube_aggregator: { missingSan: 0, sha1: 0 },
};
/** Of signatures that are made with SHA-1, RSA's and ECDSA's, in DER. */
const SHA1 = ['06092a864886f70d010105', '06072a8648ce3d0401'].map((hex) => Buffer.from(hex, 'hex'));

/** Counts what is wrong with the certificate of a new connection; `lacksNames`: it was refused for having only a common name. */
export function countFaults(caller: Caller, cert: PeerCertificate, lacksNames: boolean): void {
  if (lacksNames) faults[caller].missingSan++;
  // Empty where the other side showed none.
  if (cert.raw !== undefined && SHA1.some((oid) => cert.raw.includes(oid))) faults[caller].sha1++;
}

const text = (name: string, help: string, count: number): string =>
  `# HELP ${name} ${help}\n# TYPE ${name} counter\n${name} ${count}\n`;

/** Prometheus text format, with kube-apiserver's names. */
export function* x509FaultMetrics(): Generator<string> {
  for (const [caller, { missingSan, sha1 }] of Object.entries(faults)) {
    const name = `apiserver_${caller}_x509`;
    yield text(
      `${name}_missing_san_total`,
      'Counts the number of requests to servers missing SAN extension in their serving certificate OR the number of connection failures due to the lack of x509 certificate SAN extension missing (either/or, based on the runtime environment)',
      missingSan,
    );
    yield text(
      `${name}_insecure_sha1_total`,
      'Counts the number of requests to servers with insecure SHA1 signatures in their serving certificate OR the number of connection failures due to the insecure SHA1 signatures (either/or, based on the runtime environment)',
      sha1,
    );
  }
}
