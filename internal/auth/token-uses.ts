/** How often tokens of service accounts were used, by what they are; numbers, because every request counts. */
export const tokenUses = { valid: 0, stale: 0, legacy: 0 };

const NAMES: readonly (readonly [name: string, kind: keyof typeof tokenUses, help: string])[] = [
  ['serviceaccount_legacy_tokens_total', 'legacy', 'Cumulative legacy service account tokens used'],
  ['serviceaccount_stale_tokens_total', 'stale', 'Cumulative stale projected service account tokens used'],
  ['serviceaccount_valid_tokens_total', 'valid', 'Cumulative valid projected service account tokens used'],
];

/** Prometheus text format. */
export function* tokenUseMetrics(): Generator<string> {
  for (const [name, kind, help] of NAMES)
    yield `# HELP ${name} ${help}\n# TYPE ${name} counter\n${name} ${tokenUses[kind]}\n`;
}
