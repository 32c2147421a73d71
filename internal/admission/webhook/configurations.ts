import type { ServiceResolver } from '../../callout/index.js';
import { resourcePrefix } from '../../store/keys.js';
import type { InformedObjects, Informer } from '../../store/informer.js';
import { type Webhook, webhooksOf } from './webhook.js';

/** The webhooks of all configurations of one kind: configurations by name, each one's webhooks in their order. */
export class WebhookConfigurations {
  #kept: { readonly informer: Informer; readonly objects: InformedObjects<readonly Webhook[]> } | undefined;
  #sorted: readonly Webhook[] | undefined;

  constructor(
    private readonly resource: 'mutatingwebhookconfigurations' | 'validatingwebhookconfigurations',
    private readonly resolve: ServiceResolver,
  ) {}

  /** As new as what this replica has applied. */
  of(informer: Informer): readonly Webhook[] {
    if (this.#kept?.informer !== informer) this.#kept = { informer, objects: this.#follow(informer) };
    const all = this.#kept.objects.all();
    if (this.#sorted === undefined) {
      // Keys end in the name: their order is that of the names.
      const keys = [...all.keys()].toSorted((a, b) => (a < b ? -1 : 1));
      this.#sorted = keys.flatMap((key) => all.get(key) ?? []);
    }
    return this.#sorted;
  }

  #follow(informer: Informer): InformedObjects<readonly Webhook[]> {
    this.#sorted = undefined;
    const prefix = resourcePrefix('admissionregistration.k8s.io', this.resource);
    const objects = informer.objects<readonly Webhook[]>(prefix, (configuration) =>
      webhooksOf(configuration, this.resolve),
    );
    objects.onChange(() => {
      this.#sorted = undefined;
    });
    return objects;
  }
}
