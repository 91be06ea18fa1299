/** `lab champion`: what new experiments start from, change by change, and what each is worth. */
import { findLab } from '../../config/lab-paths.ts';
import { describeChampionEvidence, readChampionEvidence } from '../champion/champion-evidence.ts';
import { gatherChampion } from '../champion/champion-facts.ts';
import { renderChampion } from '../champion/render-champion.ts';
import type { CommandSpec } from '../define.ts';
import { readLedger } from '../ledger.ts';
import { openConfig } from '../open-config.ts';

/** Show what the champion is made of. */
export const champion: CommandSpec = {
  name: 'champion',
  summary: 'Show what the champion is made of and what each change is worth',
  usage: '',
  options: [
    { name: 'device', value: 'model', description: 'Another device model (default: the one last measured on)' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab champion', "lab champion --json | jq '.changes[] | {slug, worth}'"],
  async run(input) {
    const paths = findLab(process.cwd());
    const config = openConfig(paths);
    const ledger = await readLedger(paths, config, input.text('device'));
    const facts = gatherChampion(ledger, config);
    const found = facts === null ? null : readChampionEvidence(ledger, config);
    if (input.flag('json'))
      process.stdout.write(`${JSON.stringify(facts === null ? null : { ...facts, evidence: found }, null, 2)}\n`);
    else if (facts === null) process.stdout.write('no champion yet: `lab baseline` measures the unchanged code\n');
    else {
      const { name, unit } = config.metric;
      const evidence =
        found === null ? null : { isProvisional: found.word === 'provisional', text: describeChampionEvidence(found) };
      process.stdout.write(
        renderChampion(facts, { metricName: name, unit, interval: config.decision.interval, evidence }),
      );
    }
    return 0;
  },
};
