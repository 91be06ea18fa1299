/**
 * Judges suspected commits of main: by the lock on commits (rules/commit-facts.ts), by what meta_journal.md tells, and by what later commits
 * put right. Which commits are suspected is check-history.ts.
 */
import { messageOf } from '../../errors/lab-error.ts';
import { formatRuleProblem } from '../../rules/commit-check.ts';
import { checkRange } from '../../rules/commit-facts.ts';
import type { AuditSources } from './audit-sources.ts';
import { findMends, type Mend, type Violation } from './find-mends.ts';
import { type Finding, note, settled, wrong } from './finding.ts';
import type { MainCommit } from './main-history.ts';
import { createMetaTelling, type MetaTelling } from './meta-telling.ts';

interface Judged extends Violation {
  message: string;
  /** The path with its line, as findings name it. */
  name: string;
  /** Whether META_MODE is still open, so that it will be told of. */
  isOpen: boolean;
}

/** Hashes, or their beginnings of at least 7 digits, that the meta journal names. */
function listOwned(sources: AuditSources): string[] {
  const text = sources.files.find(({ path }) => path === 'meta_journal.md')?.text ?? '';
  return [...new Set(text.match(/\b[0-9a-f]{7,64}\b/g) ?? [])];
}

async function listViolations(
  sources: AuditSources,
  suspects: readonly MainCommit[],
  telling: MetaTelling | null,
): Promise<Judged[]> {
  const { paths, main, config } = sources;
  const source = { cwd: paths.root, main, rules: config.rules };
  const violations: Judged[] = [];
  for (const commit of suspects) {
    const { found } = await checkRange(source, [commit.hash, ...commit.parents.map((parent) => `^${parent}`)]);
    const problems = found.flatMap((one) => one.problems);
    for (const problem of problems) {
      const { rule, path } = problem;
      const name = formatRuleProblem({ ...problem, message: '' }).trimEnd();
      // On main no other rule can be broken.
      if (rule === 'FROZEN' || rule === 'APPEND-ONLY')
        violations.push({ commit, path, rule, name, message: formatRuleProblem(problem), isOpen: false });
    }
    const untold = (await telling?.listUntold(commit, new Set(problems.map(({ path }) => path)))) ?? [];
    if (telling === null || untold.length === 0) continue;
    const isOpen = await telling.isStillOpen(commit);
    for (const path of untold) {
      const expected = isOpen
        ? 'META_MODE is open: `lab meta off` will journal it'
        : 'expected `lab meta off` to journal it';
      const text = `was changed with a grant, and no entry of meta_journal.md tells of it, ${expected}`;
      const problem = { rule: 'FROZEN', path, line: null } as const;
      const name = formatRuleProblem({ ...problem, message: '' }).trimEnd();
      violations.push({
        commit,
        path,
        rule: 'FROZEN',
        name,
        message: formatRuleProblem({ ...problem, message: text }),
        isOpen,
      });
    }
  }
  return violations;
}

function renderFinding(main: string, one: Judged, mend: Mend | undefined, owned: readonly string[]): Finding {
  const { commit, message, name, rule, isOpen } = one;
  const place = `${main} ${commit.hash.slice(0, 7)}`;
  if (mend?.kind === 'put back') return settled(place, `${message}; put back in ${mend.in.slice(0, 7)}`);
  if (mend?.kind === 'puts back') return settled(place, `${name} puts back what ${mend.what.slice(0, 7)} changed`);
  if (rule === 'FROZEN' && owned.some((word) => commit.hash.startsWith(word)))
    return settled(place, `${message}; owned up to in meta_journal.md`);
  return isOpen ? note(place, message) : wrong(place, message);
}

/** The findings, in the order of the commits. */
export async function judgeHistory(sources: AuditSources, suspects: readonly MainCommit[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  let telling: MetaTelling | null = null;
  try {
    telling = createMetaTelling(sources);
  } catch (error) {
    findings.push(wrong('.lab/meta.json', `cannot be read: ${messageOf(error).split('\n')[0] ?? ''}`));
  }
  const violations = await listViolations(sources, suspects, telling);
  const mends = await findMends(sources.paths.root, sources.history, violations);
  const owned = listOwned(sources);
  return [...findings, ...violations.map((one) => renderFinding(sources.main, one, mends.get(one), owned))];
}
