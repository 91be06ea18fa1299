/** Whether two addresses name the same repository. Pure; it asks no server, so a repository that was renamed there is another one. */

/** True where two addresses of git differ only in how they are written: by ssh or https, with a name before the host, with `.git` or `/` at the end. */
export function isSameAddress(one: string, other: string): boolean {
  return plainAddress(one) === plainAddress(other);
}

/** "host/path" of an address, else the address without its end. */
function plainAddress(address: string): string {
  const bare = address
    .trim()
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .replace(/\/+$/, '');
  const url = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/@]*@)?([^/]+)\/+(.*)$/i.exec(bare);
  // "git@host:path", the short form of ssh.
  const short = /^(?:[^/@:]+@)?([^/:]+):(?!\/\/)\/*(.*)$/.exec(bare);
  const [, host, path] = url ?? short ?? [];
  return host === undefined ? bare : `${host.toLowerCase().replace(/:(?:22|80|443)$/, '')}/${path}`;
}
