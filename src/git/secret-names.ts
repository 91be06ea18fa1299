/**
 * File names that usually hold a secret. A snapshot refuses them by name; contents are never read. A name that is missing
 * here is no promise: the list stops the common accidents.
 */

const exact = new Set([
  '.env',
  '.envrc',
  '.netrc',
  '_netrc',
  '.pypirc',
  '.pgpass',
  '.my.cnf',
  '.htpasswd',
  '.git-credentials',
  '.dockercfg',
  '.vault-token',
  '.secrets',
  'kaggle.json',
  'kubeconfig',
  'terraform.tfstate',
  'id_rsa',
  'id_dsa',
  'id_ecdsa',
  'id_ed25519',
  'id_ecdsa_sk',
  'id_ed25519_sk',
]);

const patterns: RegExp[] = [
  /^\.env\./,
  /\.(pem|key|p12|pfx|jks|keystore|kdbx|ppk|asc|gpg)$/,
  /^credentials[^/]*\.(json|ya?ml|toml|ini|csv)$/,
  /^client_secret[^/]*\.json$/,
  /^service[-_]account[^/]*\.json$/,
  /^secrets?\.(json|ya?ml|toml|ini|txt)$/,
];

const paths: RegExp[] = [
  /(^|\/)\.aws\/credentials$/,
  /(^|\/)\.docker\/config\.json$/,
  /(^|\/)\.huggingface\/token$/,
  /(^|\/)\.ssh\/[^/]+$/,
];

// A template shows the shape of a secret file and holds none.
const template = /\.(example|sample|template|dist|defaults?)$/;

/** True where a file of this name (path with slashes) usually holds a secret: .env, *.pem, id_rsa, credentials*.json, … */
export function isSecretLikeName(path: string): boolean {
  const lower = path.toLowerCase();
  const name = lower.slice(lower.lastIndexOf('/') + 1);
  if (template.test(name)) return false;
  return (
    exact.has(name) || patterns.some((pattern) => pattern.test(name)) || paths.some((pattern) => pattern.test(lower))
  );
}
