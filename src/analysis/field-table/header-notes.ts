/** What a header was read as, where that is more than its words say. Pure. */
import { type ColumnRole, plainName } from './column-roles.ts';
import { type FieldLayout, isUnitOpen } from './field-columns.ts';
import { quote } from './field-lines.ts';

const classic: Partial<Record<ColumnRole, string>> = {
  commit: 'commit',
  status: 'status',
  description: 'description',
  memory: 'memory_gb',
  category: 'category',
  at: 'timestamp',
};
const words: Record<ColumnRole, string> = {
  commit: 'commit',
  status: 'status',
  description: 'description',
  memory: 'memory',
  category: 'category',
  at: 'time',
  id: 'name',
};
const separators = {
  tab: '',
  comma: 'commas',
  semicolon: 'semicolons',
  bar: 'the bars of a drawn table',
  spaces: 'spaces',
};

/** Sentences on a header: its separator, columns read under another name, the choice of the metric, units, what is not there. */
export function describeHeader(layout: FieldLayout, asked: string | null): string[] {
  const { names, roles, metric, metricName, metricRivals, separator } = layout;
  const said: string[] = [];
  if (separator !== 'tab') said.push(`cells are separated by ${separators[separator]} and not by tabs`);
  const renamed = [...roles].flatMap(([role, index]) => {
    const name = names[index] ?? '';
    return classic[role] === undefined || plainName(name) === classic[role] || role === 'memory'
      ? []
      : [`${words[role]} from ${quote(name)}`];
  });
  if (renamed.length > 0) said.push(`by the names of the columns: ${renamed.join(', ')}`);
  const memory = names[roles.get('memory') ?? -1];
  if (memory !== undefined && isUnitOpen(layout))
    said.push(
      `the column ${quote(memory)} names no unit: taken as ${layout.memoryUnit === 'mb' ? 'MB, for its figures, and divided by 1024' : 'GB'}`,
    );
  else if (memory !== undefined && layout.memoryUnit === 'mb')
    said.push(`memory from ${quote(memory)}, divided by 1024`);
  if (metric === -1 && asked !== null) said.push(`no column is called ${quote(asked)}: these rows have no metric`);
  else if (metric === -1) said.push('no column reads like a metric: these rows have none');
  else if (metricRivals.length > 0)
    said.push(
      `metric from ${quote(metricName ?? '')}; ${metricRivals.slice(0, 6).map(quote).join(', ')} could be it too: --metric chooses`,
    );
  if (!roles.has('status')) said.push('no status column');
  return said;
}
