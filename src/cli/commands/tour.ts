/** `lab tour`: a whole lab at work on a small problem, on any machine. */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { labPaths } from '../../config/lab-paths.ts';
import { packageRoot } from '../../config/package-root.ts';
import { LabError } from '../../errors/lab-error.ts';
import { callRunning } from '../client.ts';
import type { CommandSpec } from '../define.ts';
import { createPipelineView } from '../pipeline-view.ts';
import { runTour } from '../tour/run-tour.ts';
import { renderTourReport } from '../tour/tour-report.ts';

/** What a shell returns for a program that Ctrl-C ended. */
const interruptedCode = 130;

/** Runs the tour; started again, it goes on where it was. */
export const tour: CommandSpec = {
  name: 'tour',
  summary: 'Show a whole lab at work on a small problem',
  usage: '[dir]',
  options: [],
  examples: ['lab tour', 'lab tour /tmp/look'],
  async run(input) {
    if (input.words.length > 1)
      throw new LabError('usage', `lab tour takes one folder, got ${input.words.join(' ')}`, {
        hints: ['`lab tour --help` shows what it takes'],
      });
    const folder = resolve(input.words[0] ?? 'tour-lab');
    const stop = new AbortController();
    const onSignal = () => stop.abort(new Error('stopped'));
    // Not once(): a listener that has gone lets execa's own pass the signal on and end the process, where a git happens to run.
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    const view = createPipelineView();
    try {
      const { paths, config } = await runTour(folder, stop.signal, view);
      view.close();
      process.stdout.write(await renderTourReport(paths, config, labCommand(paths.root)));
      await callRunning(paths, 'down', {});
      return 0;
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      await tellWhatIsKept(folder, view.tell);
      return interruptedCode;
    } finally {
      view.close();
      process.removeListener('SIGINT', onSignal);
      process.removeListener('SIGTERM', onSignal);
    }
  },
};

async function tellWhatIsKept(folder: string, tell: (line: string) => void): Promise<void> {
  if (!existsSync(join(folder, 'lab.yaml'))) {
    tell('\nstopped before anything was made');
    return;
  }
  const paths = labPaths(folder);
  const status = await callRunning(paths, 'status', { numbers: [] });
  const answer = await callRunning(paths, 'down', {});
  const ended = status?.jobs.filter((view) => view.state.kind === 'ended').length ?? 0;
  const ideas = existsSync(join(folder, '1_ideas'))
    ? readdirSync(join(folder, '1_ideas')).filter((name) => /^\d/.test(name)).length
    : 0;
  tell(
    `\nstopped; kept: ${ended} ended ${ended === 1 ? 'run' : 'runs'} and ${ideas} ideas with their records in ${folder}`,
  );
  for (const number of answer?.running ?? [])
    tell(
      `job ${number} goes on to its end by itself and is picked up next time (\`lab kill ${number}\` there ends it now)`,
    );
  if (answer && answer.queued.length > 0)
    tell(
      `${answer.queued.length} queued ${answer.queued.length === 1 ? 'job stays' : 'jobs stay'} queued and ${answer.queued.length === 1 ? 'does' : 'do'} not start`,
    );
  tell('the same command goes on from here');
}

/** How `lab` is called in the hints: by name where it is on PATH, through npx inside this package, else by its file. */
function labCommand(folder: string): string {
  const isOnPath = (process.env.PATH ?? '')
    .split(':')
    .some((entry) => entry !== '' && !entry.includes('node_modules') && existsSync(join(entry, 'lab')));
  if (isOnPath) return 'lab';
  return folder.startsWith(`${packageRoot()}/`) ? 'npx lab' : `node ${join(packageRoot(), 'bin', 'lab.mjs')}`;
}
