/** Which names of a job's environment look secret, by the same rule that keeps them out of a job when it is queued. Pure. */
import { cardVariables } from '../../domain/card-variables.ts';
import { LabError } from '../../errors/lab-error.ts';
import { captureEnvironment } from '../capture-environment.ts';

/** What is shown in place of a value that looks secret. */
export const hiddenValue = '(hidden)';

/** Whether a value under this name is neither shown nor stored. */
export function isSecretName(name: string): boolean {
  // What chooses a card is left out for another reason.
  if (cardVariables.includes(name)) return false;
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

/** Throws LabError (usage) where a value that a person gives would be stored under a name that looks secret. */
export function ensureNoSecret(name: string): void {
  if (!isSecretName(name)) return;
  throw new LabError('usage', `${name} looks secret, and a value that is set here would be stored with the job`, {
    hints: [`name ${name} under env.secret in lab.yaml and set it in the shell that runs \`lab add\``],
  });
}

/** The values of these names, as far as the environment has them. */
export function pickSecrets(
  names: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = environment[name];
    if (value !== undefined) found[name] = value;
  }
  return found;
}
