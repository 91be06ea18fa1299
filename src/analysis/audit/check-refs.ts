/** Check `refs`: the commit of every attempt exists and is reachable from some ref, so that git keeps it. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../errors/lab-error.ts';
import { readJson } from '../../lab/atomic-write.ts';
import type { AuditSources } from './audit-sources.ts';
import { type CheckResult, type Finding, wrong } from './finding.ts';
import { findMissingCommits, readReachableCommits } from './main-commits.ts';

/** A commit and who needs it. */
interface NeededCommit {
  commit: string;
  place: string;
  /** What is expected, as words: a ref, "under main". */
  expected: string;
  /** A ref that would keep it. */
  ref: string;
}

const fullHash = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/** Commits of the experiments' attempts, the present and the archived ones. */
function listExperimentCommits(sources: AuditSources, findings: Finding[]): NeededCommit[] {
  const folder = join(sources.paths.state, 'experiments');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((found) => found.isDirectory())
    .flatMap(({ name: slug }) =>
      readdirSync(join(folder, slug))
        .filter((name) => name === 'experiment.json' || /^attempt-\d+\.json$/.test(name))
        .flatMap((name): NeededCommit[] => {
          const place = `.lab/experiments/${slug}/${name}`;
          try {
            const state = readJson(join(folder, slug, name)) as { commit?: unknown; attempt?: unknown } | null;
            const commit = state?.commit;
            if (commit === null || commit === undefined) return [];
            if (typeof commit !== 'string' || !fullHash.test(commit))
              throw new Error(`commit is ${JSON.stringify(commit)}, expected a full hash`);
            const refs = `refs/nightlab/experiments/${slug}/${String(state?.attempt)}`;
            return [{ commit, place, expected: `it under ${refs}.*`, ref: `${refs}.tip` }];
          } catch (error) {
            findings.push(wrong(place, `cannot be read: ${messageOf(error).split('\n')[0] ?? ''}`));
            return [];
          }
        }),
    );
}

/** The check. */
export async function checkRefs(sources: AuditSources): Promise<CheckResult> {
  const { jobs, paths } = sources;
  const findings: Finding[] = [];
  const needed: NeededCommit[] = [];
  for (const { number, job, attempts } of jobs.values()) {
    // What never ran needs no commit.
    if (job === null || attempts.length === 0) continue;
    if (fullHash.test(job.commit)) {
      const ref = `refs/nightlab/jobs/${number}`;
      const branch = job.experiment === null ? sources.main : `exp/${job.experiment}`;
      const isFree = job.kind === 'bridge' || job.kind === 'replay' || job.kind === 'ratchet' || job.test !== null;
      const expected = isFree ? 'a ref that keeps it' : `it under ${job.snapshot ? ref : branch}`;
      needed.push({ commit: job.commit, place: `job ${number}`, expected, ref });
    } else findings.push(wrong(`job ${number}`, `its commit is "${job.commit.slice(0, 60)}", expected a full hash`));
  }
  needed.push(...listExperimentCommits(sources, findings));
  const reachable = await readReachableCommits(paths.root);
  const lost = needed.filter(({ commit }) => !reachable.has(commit));
  const missing = await findMissingCommits(paths.root, [...new Set(lost.map(({ commit }) => commit))]);
  for (const { commit, place, expected, ref } of lost) {
    const name = `its commit ${commit.slice(0, 7)}`;
    findings.push(
      missing.has(commit)
        ? wrong(place, `${name} is not in the repository, expected ${expected}`)
        : wrong(
            place,
            `${name} is reachable from no ref, so that git may delete it; expected ${expected}: \`git update-ref ${ref} ${commit}\``,
          ),
    );
  }
  return { name: 'refs', checked: needed.length, findings };
}
