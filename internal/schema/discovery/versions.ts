const PATTERN = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/;
const STABILITY = { alpha: 0, beta: 1, '': 2 } as const;

/**
 * Orders API versions as Kubernetes does, the most preferred first: v2 before v1 before v1beta1 before v1alpha1;
 * names of another shape come last, by alphabet (apimachinery pkg/version CompareKubeAwareVersionStrings).
 */
export function compareVersions(a: string, b: string): number {
  const x = PATTERN.exec(a);
  const y = PATTERN.exec(b);
  if (x === null || y === null) {
    if (x !== null) return -1;
    if (y !== null) return 1;
    return a < b ? -1 : a > b ? 1 : 0;
  }
  const stability = (m: RegExpExecArray): number => STABILITY[(m[2] ?? '') as keyof typeof STABILITY];
  return stability(y) - stability(x) || Number(y[1]) - Number(x[1]) || Number(y[3] ?? 0) - Number(x[3] ?? 0);
}
