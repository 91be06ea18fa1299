/** Which names of a job's environment look secret, by the same rule that keeps them out of a job when it is queued. Pure. */
import { captureEnvironment } from '../capture-environment.ts';

/** What is shown in place of a value that looks secret. */
export const hiddenValue = '(hidden)';

/** Whether a value under this name is neither shown nor stored. */
export function isSecretName(name: string): boolean {
  return !Object.hasOwn(captureEnvironment({ [name]: '' }, ['*'], []).env, name);
}

/** The environment as it may be shown: values that look secret are hidden. Sorted by name. */
export function hideSecrets(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, isSecretName(name) ? hiddenValue : value]),
  );
}
