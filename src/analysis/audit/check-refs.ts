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
  /** Where a ref would keep it. */
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
            return [{ commit, place, ref: `refs/nightlab/experiments/${slug}/${String(state?.attempt)}.*` }];
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
      const ref = job.snapshot
        ? `refs/nightlab/jobs/${number}`
        : job.experiment === null
          ? sources.main
          : `exp/${job.experiment}`;
      needed.push({ commit: job.commit, place: `job ${number}`, ref });
    } else findings.push(wrong(`job ${number}`, `its commit is "${job.commit.slice(0, 60)}", expected a full hash`));
  }
  needed.push(...listExperimentCommits(sources, findings));
  const reachable = await readReachableCommits(paths.root);
  const lost = needed.filter(({ commit }) => !reachable.has(commit));
  const missing = await findMissingCommits(paths.root, [...new Set(lost.map(({ commit }) => commit))]);
  for (const { commit, place, ref } of lost) {
    findings.push(
      missing.has(commit)
        ? wrong(place, `its commit ${commit.slice(0, 7)} is not in the repository, expected it under ${ref}`)
        : wrong(
            place,
            `its commit ${commit.slice(0, 7)} is reachable from no ref, so that git may delete it; expected it under ${ref}`,
          ),
    );
  }
  return { name: 'refs', checked: needed.length, findings };
}
