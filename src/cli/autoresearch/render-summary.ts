/** A session's summary on a terminal. Pure. */
import type { RatchetSession } from '../../domain/ratchet.ts';
import { formatRate, type SessionSummary } from '../../ratchet/summary.ts';
import { disarm } from '../page.ts';

/** The summary, with a blank line before it. */
export function renderSummary(
  summary: SessionSummary,
  { metric, worktree, branch, desc }: Pick<RatchetSession, 'metric' | 'worktree' | 'branch' | 'desc'>,
): string {
  const { tag, total, best, trajectory, next, doubtful, perHour, allowedPerHour } = summary;
  const rate = formatRate(perHour, allowedPerHour);
  const lines = [
    '',
    `session ${tag}${desc === '' ? '' : ` (${desc})`}: ${total} ${total === 1 ? 'experiment' : 'experiments'}${rate === '' ? '' : `, ${rate}`}`,
    best === null
      ? 'no number yet'
      : `best ${metric.name} ${best.metric.toFixed(6)} at ${best.commit}, the head of ${branch}`,
    ...(trajectory.length === 0 ? [] : ['trajectory', ...trajectory.map((line) => `  - ${line}`)]),
    ...(doubtful === null || doubtful.length === 0
      ? []
      : [
          '"lower wins" would have kept these, and they do not hold against all runs',
          ...doubtful.map((line) => `  - ${line}`),
        ]),
    ...(doubtful?.length === 0 ? ['every keep of "lower wins" holds against all runs'] : []),
    ...(next.length === 0 ? [] : ['next ideas', ...next.map((line) => `  - ${line}`)]),
    `worktree ${worktree}`,
    ...(best === null || best.number === 0
      ? []
      : [`\`git merge --squash ${branch}\` in your checkout brings the best to your branch`]),
  ];
  return `${disarm(lines.join('\n'))}\n`;
}
