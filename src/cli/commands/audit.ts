/** `lab audit`: walks the whole lab and holds every recorded number to what it came from. Starts no daemon and changes nothing. */
import { auditLab } from '../../analysis/audit/audit-lab.ts';
import { rebuildLedger } from '../../analysis/audit/rebuild-ledger.ts';
import { resolveRebuildFile, writeRebuildFile } from '../audit/rebuild-file.ts';
import { auditToJson, isClean, renderAudit, renderDifference } from '../audit/render-audit.ts';
import { type CommandInput, type CommandSpec, ensureNoWords } from '../define.ts';
import { type OpenLab, openLab } from '../open-lab.ts';

/** Check every recorded number against what it came from. */
export const audit: CommandSpec = {
  name: 'audit',
  summary: 'Check every recorded number against what it came from',
  usage: '[--rebuild FILE]',
  options: [
    {
      name: 'rebuild',
      value: 'FILE',
      description: 'Write the ledger as the run folders tell it, and show the difference',
    },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab audit', 'lab audit --rebuild /tmp/rebuilt.tsv'],
  async run(input) {
    ensureNoWords('audit', input);
    const lab = await openLab();
    const word = input.text('rebuild');
    if (word !== null) return await rebuild(lab, word, input);
    const checks = await auditLab(lab);
    process.stdout.write(
      input.flag('json') ? `${JSON.stringify(auditToJson(checks), null, 2)}\n` : renderAudit(checks),
    );
    return isClean(checks) ? 0 : 1;
  },
};

async function rebuild(lab: OpenLab, word: string, input: CommandInput): Promise<number> {
  const file = resolveRebuildFile(lab.paths, lab.config, word);
  const ledger = await rebuildLedger(lab);
  await writeRebuildFile(file, ledger.text);
  const { text: _text, ...told } = ledger;
  process.stdout.write(
    input.flag('json')
      ? `${JSON.stringify({ file, ...told }, null, 2)}\n`
      : renderDifference(ledger, `results.tsv (${lab.main})`, file),
  );
  if (!input.flag('json')) process.stderr.write(`wrote ${file}\n`);
  return ledger.differences.length === 0 && ledger.isSameOrder && ledger.skipped.length === 0 ? 0 : 1;
}
