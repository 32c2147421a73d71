/**
 * Whether the mutating plugins run once more because one of them changed the object after others had seen it
 * (apiserver's ReinvocationContext). They run at most twice.
 */
export class Reinvocation {
  private wanted = false;
  private running = false;
  private state: Map<string, unknown> | undefined;

  /** True during the second run. */
  get isReinvocation(): boolean {
    return this.running;
  }
  /** Asks for a second run; nothing during it. */
  request(): void {
    this.wanted = true;
  }
  /** Whether a second run is due; from then on it is under way. */
  begin(): boolean {
    if (!this.wanted || this.running) return false;
    this.running = true;
    return true;
  }
  /** What a plugin keeps from the first run to the second, by the plugin's name. */
  get values(): Map<string, unknown> {
    this.state ??= new Map();
    return this.state;
  }
}
