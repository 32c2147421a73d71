// What this process lets pods have (k8s.io/kubernetes pkg/capabilities): decided once, by a flag, before anything is
// served, and the same for every replica in the process.

let allowPrivileged = false;

/** `--allow-privileged`: whether containers may be privileged. */
export function setAllowPrivileged(allowed: boolean): void {
  allowPrivileged = allowed;
}

/** Whether containers may be privileged; false unless the flag says so, as in kube-apiserver. */
export const mayBePrivileged = (): boolean => allowPrivileged;
