/** Whether a symbolic link stays inside the repository, judged by its text alone, as a commit holds it. Pure; nothing is resolved on disk. */

/**
 * Why a link at `path` (relative to the repository root) with this target may lead out of the repository; null where it cannot.
 * `..` is taken at the beginning of a target only: after a folder that is itself a link it would lead somewhere else than it reads.
 */
export function checkLinkTarget(path: string, target: string): string | null {
  if (target.startsWith('/')) return 'is absolute';
  const parts = target.split('/').filter((part) => part !== '' && part !== '.');
  const up = parts.findIndex((part) => part !== '..');
  const climbs = up === -1 ? parts.length : up;
  const rest = parts.slice(climbs);
  const depth = path.split('/').length - 1;
  if (climbs > depth) return 'leaves the repository';
  if (rest.includes('..')) return "has '..' after a folder";
  const reached = [...path.split('/').slice(0, depth - climbs), ...rest];
  if (/^\.(git|lab)$/i.test(reached[0] ?? '')) return `leads into ${reached[0]}`;
  return null;
}
