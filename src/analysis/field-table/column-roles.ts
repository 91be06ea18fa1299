/** Names of columns as the field writes them, and what they mean. Pure; the metric's column is chosen in field-columns.ts. */
import { parseColumnName } from '../../lab/results-cells.ts';

/** What a column can mean, besides the metric. */
export type ColumnRole = 'commit' | 'status' | 'memory' | 'description' | 'category' | 'at' | 'id';

// The first of several is taken: a table with "description" and "notes" is described by the former.
const roleNames: Record<ColumnRole, string[]> = {
  commit: [
    'commit',
    'commit_hash',
    'hash',
    'sha',
    'git_commit',
    'git_hash',
    'git_sha',
    'rev',
    'revision',
    '提交',
    'коммит',
  ],
  status: [
    'status',
    'decision',
    'verdict',
    'kept',
    'keep',
    'outcome',
    'result_status',
    'result',
    'state',
    'correctness',
    'correct',
    'action',
    '状态',
    '結果',
    '决定',
    'статус',
    'estado',
    'statut',
  ],
  memory: [],
  description: [
    'description',
    'desc',
    'change',
    'changes',
    'summary',
    'what',
    'hypothesis',
    'notes',
    'note',
    'comment',
    'insight',
    '描述',
    '说明',
    '説明',
    'описание',
    'descripcion',
    'beschreibung',
  ],
  category: ['category', 'axis', 'kind', 'family', 'theme', 'area', 'group', 'lane', '类别'],
  at: ['timestamp', 'date', 'datetime', 'time', 'at', 'started_at', 'ended_at', 'when', '时间', '日期'],
  id: [
    'id',
    'exp_id',
    'experiment_id',
    'exp',
    'experiment',
    'run',
    'run_id',
    'iteration',
    'iter',
    'round',
    'trial',
    'tag',
    'name',
    'task',
    'no',
    'nr',
    '#',
  ],
};

/** A header's cell as a plain name: lower case, marks and what stands in brackets gone, words joined by "_". */
export function plainName(cell: string): string {
  const bare = cell
    .slice(0, 200)
    .toLowerCase()
    .replaceAll(/[*`"'\u2191\u2193\u2b06\u2b07]/g, '')
    .replaceAll(/\([^()]*\)|\[[^[\]]*\]/g, ' ')
    .trim();
  return bare === '#'
    ? bare
    : bare
        .split(/[^\p{L}\p{N}.%@#]+/u)
        .filter((part) => part !== '')
        .join('_');
}

/** What a column's name means. `rank`: of two columns of one role the lower is taken; `unit`: null where the name says none. */
export interface FoundRole {
  role: ColumnRole;
  rank: number;
  unit: 'gb' | 'mb' | null;
}

// A file without a header asks for the same words on every line.
const known = new Map<string, FoundRole | null>();

/** What a column's name means, besides the metric; null for a name that means nothing known. */
export function findRole(cell: string): FoundRole | null {
  const before = known.get(cell);
  if (before !== undefined) return before;
  if (known.size > 2000) known.clear();
  const found = readRole(cell);
  known.set(cell, found);
  return found;
}

function readRole(cell: string): FoundRole | null {
  const name = plainName(cell);
  const memory = parseColumnName(name);
  if (memory === 'memory_mb' || memory === 'memory_gb') {
    const bracket = /[([]\s*(gi?b|mi?b)\s*[)\]]/i.exec(cell.slice(0, 200))?.[1]?.toLowerCase();
    const isMega = bracket === undefined ? memory === 'memory_mb' : bracket.startsWith('m');
    const isNamed = bracket !== undefined || /_(gi?b|mi?b)$/.test(name);
    return { role: 'memory', rank: isNamed ? 0 : 1, unit: isNamed ? (isMega ? 'mb' : 'gb') : null };
  }
  if (/^(peak_)?(gpu_)?(mem|memory|vram)(_usage|_used|_peak)?(_(gi?b|mi?b))?$|^显存/.test(name)) {
    const unit = /(gi?b|mi?b)[)\]]?$/i.exec(cell.trim().slice(0, 200))?.[1]?.toLowerCase() ?? null;
    return {
      role: 'memory',
      rank: unit === null ? 1 : 0,
      unit: unit === null ? null : unit.startsWith('m') ? 'mb' : 'gb',
    };
  }
  for (const role of Object.keys(roleNames) as ColumnRole[]) {
    const rank = roleNames[role].indexOf(name);
    if (rank !== -1) return { role, rank, unit: null };
  }
  return null;
}
