/**
 * Provenance as a report shows it: one line, and a table that a forge keeps folded below it. Pure; reading it back is here too, because a
 * report outlives the run folder. What reports say besides is in report-sections.ts.
 */
import type { Provenance } from '../domain/provenance.ts';
import { classifyLines } from './markdown-fences.ts';
import { parseProvenance } from './provenance-file.ts';
import { formatCell, formatCode, formatInline } from './untrusted-markdown.ts';

const unknown = 'unknown';

/** What can make a number another one, on one line: "Python 3.11.2, 42 packages (1a2b3c4d5e6f); AMD EPYC, 2 cores; linux 6.1.0 x64; …". */
export function summarizeProvenance(provenance: Provenance): string {
  const { machine, device, python, lab } = provenance;
  const packages = python.packages === null ? '' : `, ${python.packages} packages (${python.packagesDigest})`;
  const parts = [
    python.version === null ? 'Python unknown' : `Python ${python.version}${packages}`,
    ...(device.model === machine.processor ? [] : [device.model]),
    ...(device.driver === null ? [] : [`driver ${device.driver}`]),
    `${machine.processor}, ${machine.cores} cores`,
    machine.system,
    `nightlab ${lab.version}`,
  ];
  return parts.map(formatInline).join('; ');
}

/** Every fact with its name, in the order of the table; "unknown" or "none" where there is none. */
export function listProvenance(provenance: Provenance): [name: string, value: string][] {
  const { machine, device, python, locks, data, git, lab, track } = provenance;
  return [
    ['system', machine.system],
    ['processor', machine.processor],
    ['cores', String(machine.cores)],
    ['memory', `${machine.memoryGb} GB`],
    ['device', device.id],
    ['model', device.model],
    ['driver', device.driver ?? unknown],
    ['uuid', device.uuid ?? unknown],
    ['python', python.version ?? unknown],
    ['interpreter', python.executable ?? unknown],
    ['packages', python.packages === null ? unknown : String(python.packages)],
    ['packages digest', python.packagesDigest ?? unknown],
    ['locks', locks.length === 0 ? 'none' : locks.map(({ path, blob }) => `${blob} ${path}`).join(', ')],
    ['data', data ?? 'none'],
    ['commit', `${git.commit}${git.isSnapshot ? ' (snapshot)' : ''}`],
    ['main', git.main],
    ['nightlab', lab.version],
    ['node', lab.node],
    ['track', track],
  ];
}

const opening = '<details><summary>Provenance: ';
const closing = '</details>';

/** The folded block at the end of a report; no value can end it or forge a row. */
export function formatProvenance(provenance: Provenance): string {
  const summary = summarizeProvenance(provenance).replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const rows = listProvenance(provenance).map(([name, value]) => `| ${name} | ${formatCell(formatCode(value))} |`);
  // A forge reads markdown inside HTML only behind a blank line.
  return [`${opening}${summary}</summary>`, '', '| what | value |', '|---|---|', ...rows, '', closing].join('\n');
}

/** The lines of the last such block that is no code, as [first, behind the last]; null where there is none. */
function locateBlock(lines: string[]): [number, number] | null {
  const kinds = classifyLines(lines);
  const isPlain = (index: number) => kinds[index] === 'text';
  const start = lines.findLastIndex((line, index) => isPlain(index) && line.startsWith(opening));
  if (start === -1) return null;
  const length = lines.slice(start).findIndex((line, index) => isPlain(start + index) && line.trimEnd() === closing);
  return length === -1 ? null : [start, start + length + 1];
}

/** A text with `line` in place of its provenance block; the text as it is where it has none. Line ends become LF where it has one. */
export function foldProvenance(text: string, line: string | null): string {
  const lines = text.split(/\r?\n/);
  const place = locateBlock(lines);
  if (place === null) return text;
  return [...lines.slice(0, place[0]), ...(line === null ? [] : [line]), ...lines.slice(place[1])].join('\n');
}

/** What the block in a report's text says. Null where there is none, as in reports from before; `broken` where a person's edit left it unreadable. */
export function readProvenanceBlock(text: string): Provenance | 'broken' | null {
  const lines = text.split(/\r?\n/);
  const place = locateBlock(lines);
  if (place === null) return lines.some((line) => line.startsWith(opening)) ? 'broken' : null;
  const values = new Map<string, string>();
  for (const line of lines.slice(place[0] + 1, place[1])) {
    const [, name, cell] = /^\| ([\w ]+?) \| (.*) \|\s*$/.exec(line) ?? [];
    if (name !== undefined && cell !== undefined) values.set(name, readCell(cell));
  }
  const read = (name: string): string | null => {
    const value = values.get(name) ?? '';
    return value === '' || value === unknown || value === 'none' ? null : value;
  };
  const count = (name: string): number | null => (read(name) === null ? null : Number.parseFloat(read(name) ?? ''));
  const commit = read('commit');
  return (
    parseProvenance({
      schema: 1,
      machine: {
        system: read('system'),
        processor: read('processor'),
        cores: count('cores'),
        memoryGb: count('memory'),
      },
      device: { id: read('device'), model: read('model'), driver: read('driver'), uuid: read('uuid') },
      python: {
        version: read('python'),
        executable: read('interpreter'),
        packages: count('packages'),
        packagesDigest: read('packages digest'),
      },
      locks: (read('locks') ?? '').split(/, (?=[0-9a-f]{12} )/).flatMap((lock) => {
        const [, blob, path] = /^([0-9a-f]{12}) (.+)$/.exec(lock) ?? [];
        return blob === undefined || path === undefined ? [] : [{ path, blob }];
      }),
      data: read('data'),
      git: {
        commit: commit?.replace(/ \(snapshot\)$/, ''),
        isSnapshot: commit?.endsWith(' (snapshot)'),
        main: read('main'),
      },
      lab: { version: read('nightlab'), node: read('node') },
      track: read('track'),
    }) ?? 'broken'
  );
}

/** The value of a cell as formatProvenance writes it. */
function readCell(cell: string): string {
  const text = cell.trim().replace(/\\([\\|])/g, '$1');
  const [, marks = '', inner = ''] = /^(`+)(.*?)\1$/.exec(text) ?? [];
  if (marks === '') return text;
  return /^ (`.*|.*`) $/.test(inner) ? inner.slice(1, -1) : inner;
}

/** What is another between two runs, one sentence part each ("Python 3.11.2, now 3.12.1"); what is unknown on either side is not compared. */
export function compareProvenance(then: Provenance, now: Provenance): string[] {
  const facts: [name: string, of: (one: Provenance) => string | null][] = [
    ['Python', ({ python }) => python.version],
    ['the interpreter', ({ python }) => python.executable],
    ['the digest of the installed packages', ({ python }) => python.packagesDigest],
    ['the driver', ({ device }) => device.driver],
    ['the system', ({ machine }) => machine.system],
    ['the processor', ({ machine }) => `${machine.processor}, ${machine.cores} cores`],
    ['the digest of the data', ({ data }) => data],
    ['the locks', ({ locks }) => locks.map(({ path, blob }) => `${path} ${blob}`).join(', ') || null],
  ];
  return facts.flatMap(([name, of]) => {
    const [before, after] = [of(then), of(now)];
    return before === null || after === null || before === after ? [] : [`${name} was ${before}, is ${after}`];
  });
}
