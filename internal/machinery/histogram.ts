/** A bucket's bound as Go writes it, by which dashboards find it: 1e+06 for a million, 1e-05 for a hundred-thousandth. */
export function boundText(bound: number): string {
  if (bound === 0 || (Math.abs(bound) >= 1e-4 && Math.abs(bound) < 1e6)) return String(bound);
  return bound.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

/** One cumulative-bucket histogram per label set, made for a hot path: no allocation after the first observation. */
export class Histograms {
  private readonly series = new Map<string, Float64Array>();

  /** `bounds` are upper bounds in ascending order, without +Inf. */
  constructor(
    private readonly name: string,
    private readonly help: string,
    private readonly bounds: readonly number[],
  ) {}

  /** The series for a rendered label set such as `verb="GET",code="200"`; hand it to `observe`. */
  seriesOf(labels: string): Float64Array {
    let series = this.series.get(labels);
    if (series === undefined) {
      // Buckets (not cumulative), then +Inf, then the sum.
      series = new Float64Array(this.bounds.length + 2);
      this.series.set(labels, series);
    }
    return series;
  }

  observe(series: Float64Array, value: number): void {
    const bounds = this.bounds;
    let i = 0;
    while (i < bounds.length && value > (bounds[i] ?? Infinity)) i++;
    series[i] = (series[i] ?? 0) + 1;
    series[bounds.length + 1] = (series[bounds.length + 1] ?? 0) + value;
  }

  /** Prometheus text format, a piece for each series: what reads it may pause in between. */
  *render(): Generator<string> {
    yield `# HELP ${this.name} ${this.help}\n# TYPE ${this.name} histogram\n`;
    for (const [labels, series] of this.series) {
      const lines: string[] = [];
      const comma = labels === '' ? '' : ',';
      let count = 0;
      this.bounds.forEach((bound, i) => {
        count += series[i] ?? 0;
        lines.push(`${this.name}_bucket{${labels}${comma}le="${boundText(bound)}"} ${count}`);
      });
      count += series[this.bounds.length] ?? 0;
      lines.push(`${this.name}_bucket{${labels}${comma}le="+Inf"} ${count}`);
      lines.push(`${this.name}_sum{${labels}} ${series[this.bounds.length + 1] ?? 0}`);
      lines.push(`${this.name}_count{${labels}} ${count}`, '');
      yield lines.join('\n');
    }
  }

  /** Bytes that a series with these labels adds to `render`, at most. */
  bytesOf(labels: string): number {
    return (this.bounds.length + 3) * (this.name.length + labels.length + 40);
  }
}
