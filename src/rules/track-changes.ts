/** What differs between two tracks, named as a person knows it. Pure. */
import type { TrackParts } from './tracks.ts';

/** The parts that differ: paths of files and data, keys of lab.yaml; a file that only one of them has says so. */
export function listTrackChanges(before: TrackParts, after: TrackParts): string[] {
  return [
    ...compareNamed(
      before.files.map(({ path, blob }) => [path, blob]),
      after.files.map(({ path, blob }) => [path, blob]),
    ),
    ...compareNamed(commandsOf(before), commandsOf(after)).map((name) => name.replace(/ \(.*\)$/, '')),
    ...(before.metric.name === after.metric.name ? [] : ['metric.name']),
    ...(before.metric.direction === after.metric.direction ? [] : ['metric.direction']),
    ...(before.wallSeconds === after.wallSeconds ? [] : ['run.wallSeconds']),
    ...(before.scoreSeed === after.scoreSeed ? [] : ['the score seed']),
    ...compareNamed(dataOf(before), dataOf(after)),
  ];
}

const commandsOf = ({ commands }: TrackParts): [string, string][] =>
  Object.entries(commands).map(([name, command]) => [`commands.${name}`, command]);

const dataOf = ({ data }: TrackParts): [string, string][] =>
  data.map(({ role, path, fingerprint, isThere }) => [
    `${role === 'data' ? 'data' : 'checkout.scoreLinks'} ${path}`,
    isThere ? fingerprint : 'missing',
  ]);

function compareNamed(before: [string, string][], after: [string, string][]): string[] {
  const [old, now] = [new Map(before), new Map(after)];
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name) => {
    if (!now.has(name)) return [`${name} (gone)`];
    if (!old.has(name)) return [`${name} (new)`];
    return old.get(name) === now.get(name) ? [] : [name];
  });
}
