/**
 * Takes the values of secrets that an agent was given out of what it prints. Values that a program changed (base64) or told in pieces are
 * not found, nor is what lies in copied credential files.
 */

/** Replaces secrets in text. */
export interface SecretMask {
  mask(text: string): string;
  /** Length of the longest form of a secret, in characters; 0 for none. */
  longest: number;
}

/** Shorter values would blot out ordinary words. */
const shortestSecret = 6;

const secretName = /(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD)$/i;

/** True where a variable of this name holds a secret: …_KEY, …_TOKEN, …_SECRET, …_PASSWORD. */
export function isSecretVariable(name: string): boolean {
  return secretName.test(name);
}

/** A mask for the secrets in an environment, found by the names of the variables. */
export function createSecretMask(env: Readonly<Record<string, string>>): SecretMask {
  const forms = new Set<string>();
  for (const [name, value] of Object.entries(env)) {
    if (!isSecretVariable(name)) continue;
    // Output is masked line by line, and a stream of JSON escapes what it quotes.
    for (const line of value.split(/\r?\n/)) {
      if (line.length >= shortestSecret) forms.add(line).add(JSON.stringify(line).slice(1, -1));
    }
  }
  // The longest first: one secret may begin with another.
  const patterns = [...forms].sort((a, b) => b.length - a.length);
  return {
    mask: (text) => patterns.reduce((masked, pattern) => masked.replaceAll(pattern, () => '***'), text),
    longest: patterns[0]?.length ?? 0,
  };
}
