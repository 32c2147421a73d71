import { Gauge, type Registry } from 'prom-client';

/**
 * Features of kube-apiserver 1.36 that are about serving the API, and of which it is plain whether they are here, by stage:
 * with `+` those that this server has, with `-` those that it has not. `--feature-gates` is without effect, so they are
 * always as they stand here.
 */
const FEATURES: readonly (readonly [stage: string, names: string])[] = [
  [
    'BETA',
    `+APIResponseCompression +APIServerIdentity +ConstrainedImpersonation +MatchLabelKeysInPodTopologySpread
     +OpenAPIEnums +PodLevelResources +PodTopologyLabelsAdmission +PortForwardWebsockets +RemoteRequestHeaderUID
     +SizeBasedListCostEstimate +StorageVersionHash +WatchList
     -AllBeta -ConcurrentWatchObjectDecode -CoordinatedLeaderElection -DetectCacheInconsistency -ListFromCacheSnapshot
     -StructuredAuthenticationConfigurationEgressSelector -UnauthenticatedHTTP2DOSMitigation
     -UnknownVersionInteroperabilityProxy`,
  ],
  [
    'ALPHA',
    `-APIServingWithRoutine -AllAlpha -AllowUnsafeMalformedObjectDeletion -CBORServingAndStorage
     -ManifestBasedAdmissionControlConfig -NativeHistograms -ShardedListAndWatch -StorageVersionAPI`,
  ],
];

/** Which features are on, under kube-apiserver's name. */
export function featureMetrics(registry: Registry): void {
  const gauge = new Gauge({
    name: 'kubernetes_feature_enabled',
    help: 'This metric records the data about the stage and enablement of a k8s feature.',
    labelNames: ['name', 'stage'],
    registers: [registry],
  });
  for (const [stage, names] of FEATURES) {
    for (const name of names.split(/\s+/)) gauge.set({ name: name.slice(1), stage }, name.startsWith('+') ? 1 : 0);
  }
}
