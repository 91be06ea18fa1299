/**
 * Provenance in whole labs: every attempt has it, also one that was refused; Python is asked where the run was, and its environment's code
 * gets no further than the run; a worker that comes back fills in what is missing; a replay names what is another.
 */
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Provenance } from '../domain/provenance.ts';
import { createProvenance, createReportFacts, sampleProse } from '../lab/report-facts-fixture.ts';
import { formatReport } from '../lab/report-text.ts';
import { probeSandbox } from '../sandbox/bubblewrap.ts';
import { createScriptedLab } from './scripted-agent.ts';
import { createTemporaryLab, type TemporaryLab, waitUntil } from './temporary-lab.ts';
import { runOnTerminal } from './terminal.ts';

const label = ['--label', 'Q: does it help? H: saves 0.1'];
const hasSandbox = (await probeSandbox()).kind === 'bubblewrap';

const readProvenance = async (lab: TemporaryLab, job: number): Promise<Provenance> =>
  JSON.parse(await lab.read(`.lab/runs/${job}/1/provenance.json`)) as Provenance;
const readPackages = (lab: TemporaryLab, job: number) => lab.read(`.lab/runs/${job}/1/packages.txt`);

const run = async (lab: TemporaryLab, ...command: string[]): Promise<number> => {
  const number = await lab.add(...label, '--', ...command);
  await lab.lab('wait', String(number));
  return number;
};

/** Makes an environment in the checkout with one package, and code in it that runs whenever its Python starts. */
const setup = `python3 -m venv --without-pip .venv
for folder in .venv/lib/python3*/site-packages; do
  cp hook.py "$folder/lab_hook.py"; echo "import lab_hook" > "$folder/hook.pth"; cp hook.py "$folder/sitecustomize.py"
  mkdir "$folder/known-1.5.dist-info"; printf 'Name: known\\nVersion: 1.5\\n' > "$folder/known-1.5.dist-info/METADATA"
done
rm -f written-by-hook`;

/** Writes wherever it can, and shows how often that went well as the version of a package that it makes up. */
const hook = (places: string[]) => `import os, socket, sys
written = 0
for folder in ${JSON.stringify(places)} + [os.getcwd(), os.path.dirname(os.path.dirname(os.__file__))]:
    try:
        open(os.path.join(folder, "written-by-hook"), "w").close()
        written += 1
    except OSError:
        pass
try:
    socket.create_connection(("1.1.1.1", 53), 1)
    written += 100
except OSError:
    pass
made = "/tmp/made-up"
os.makedirs(made + "/hook-0.dist-info", exist_ok=True)
open(made + "/hook-0.dist-info/METADATA", "w").write(f"Name: hook\\nVersion: {written}\\n")
if made not in sys.path:
    sys.path.append(made)
`;

test.skipIf(!hasSandbox)(
  'the code of an environment runs in the sandbox when its packages are asked for, and writes nothing at all',
  async () => {
    const lab = await createTemporaryLab({ files: { '.gitignore': '.venv/\n', 'uv.lock': 'version = 1\n' } });
    try {
      const places = [lab.root, join(lab.root, '.lab'), join(lab.root, '.lab', 'runs'), lab.env.HOME ?? '/'];
      const setupLine = JSON.stringify(setup);
      await lab.write('hook.py', hook(places));
      await lab.write('sitecustomize.py', hook(places));
      await lab.write(
        'lab.yaml',
        (await lab.read('lab.yaml')).replace(/setup: .*/, () => `setup: ${setupLine}`),
      );
      await lab.git('add', '--all');
      await lab.git('commit', '--quiet', '--no-verify', '--message=an environment of its own');
      const head = await lab.git('rev-parse', 'HEAD');
      const number = await run(
        lab,
        'python3 train.py; ls -a > "$LAB_OUT/left.txt"; sleep 2; ls -a >> "$LAB_OUT/left.txt"',
      );
      expect((await lab.status(number)).jobs[0]?.state).toMatchObject({ kind: 'ended', run: { metric: 1, flags: [] } });
      expect(await readPackages(lab, number)).toBe('hook==0\nknown==1.5\n');
      const { python, locks, git } = await readProvenance(lab, number);
      expect(python).toMatchObject({ executable: '.venv/bin/python', packages: 2 });
      expect(python.packagesDigest).toMatch(/^[0-9a-f]{12}$/);
      expect(locks).toEqual([{ path: 'uv.lock', blob: (await lab.git('rev-parse', 'HEAD:uv.lock')).slice(0, 12) }]);
      expect(git).toEqual({ commit: head, isSnapshot: false, main: head });
      for (const place of places) expect(existsSync(join(place, 'written-by-hook'))).toBe(false);
      expect(await lab.read(`.lab/runs/${number}/1/out/left.txt`)).not.toContain('written-by-hook');
    } finally {
      await lab.remove();
    }
  },
);

test('a job that is refused before it starts has what is known without a run', async () => {
  const lab = await createTemporaryLab();
  try {
    await lab.write('lab.yaml', (await lab.read('lab.yaml')).replace('links: []', 'links: [corpus]'));
    await lab.git('commit', '--quiet', '--no-verify', '--all', '--message=needs data');
    const number = await run(lab, 'python3 train.py');
    expect((await lab.status(number)).jobs[0]?.state).toMatchObject({
      run: { fate: { failure: 'prepare-failed', detail: expect.stringContaining('corpus') } },
    });
    const { python, machine, device, git, lab: tool } = await readProvenance(lab, number);
    expect(python).toEqual({ version: null, executable: null, packages: null, packagesDigest: null });
    expect(git.main).toMatch(/^[0-9a-f]{40}$/);
    expect(machine.cores).toBeGreaterThan(0);
    expect(device).toMatchObject({ id: 'cpu0', driver: null });
    expect(tool.version).toBe((await lab.lab('--version')).stdout.trim());
  } finally {
    await lab.remove();
  }
});

test('an interpreter that answers nothing leaves null, and the run is scored as ever', async () => {
  const lab = await createTemporaryLab({ files: { '.venv/bin/python': '#!/bin/sh\necho rubbish\nexit 3\n' } });
  try {
    await lab.git('update-index', '--chmod=+x', '.venv/bin/python');
    await lab.git('commit', '--quiet', '--no-verify', '--message=an interpreter');
    await lab.git('checkout', '--quiet', '--', '.venv');
    const number = await run(lab, 'python3 train.py');
    expect((await lab.status(number)).jobs[0]?.state).toMatchObject({ run: { metric: 1 } });
    const { python } = await readProvenance(lab, number);
    expect(python).toEqual({ version: null, executable: null, packages: null, packagesDigest: null });
    expect(readdirSync(join(lab.root, '.lab', 'runs', String(number), '1'))).not.toContain('packages.txt');
  } finally {
    await lab.remove();
  }
});

test('a daemon that was killed while train ran fills in what Python says and leaves all else as it was', async () => {
  const signals = 'signals';
  const lab = await createTemporaryLab({
    files: {
      '.gitignore': `${signals}/\n`,
      'train.py': `import os, time
while not os.path.exists(os.path.join(os.environ["SIGNALS"], "go")): time.sleep(0.05)
open(os.path.join(os.environ["LAB_OUT"], "model.txt"), "w").write("1.0")
`,
    },
    local: 'env:\n  pass: [SIGNALS]\n',
  });
  try {
    await mkdir(join(lab.root, signals));
    const env = { SIGNALS: join(lab.root, signals) };
    const added = await lab.labIn(lab.root, ['add', '--print-number', ...label, '--', 'python3 train.py'], env);
    const number = Number(added.stdout);
    await waitUntil('Python has answered', async () =>
      existsSync(join(lab.root, `.lab/runs/${number}/1/provenance.json`))
        ? (await readProvenance(lab, number)).python.version !== null
        : false,
    );
    expect((await lab.lab('status', String(number))).stdout).toContain(
      `provenance  .lab/runs/${number}/1/provenance.json`,
    );
    process.kill(JSON.parse(await lab.read('.lab/daemon.json')).pid, 'SIGKILL');
    const found = await readProvenance(lab, number);
    const before: Provenance = {
      ...found,
      lab: { ...found.lab, version: '0.0.9+earlier' },
      python: { version: null, executable: null, packages: null, packagesDigest: null },
    };
    await rm(join(lab.root, `.lab/runs/${number}/1/packages.txt`));
    await writeFile(join(lab.root, `.lab/runs/${number}/1/provenance.json`), JSON.stringify(before));
    await lab.lab('up');
    await lab.write(`${signals}/go`, '');
    await lab.lab('wait', String(number));
    expect(await readProvenance(lab, number)).toEqual({ ...before, python: found.python });
    expect((await readPackages(lab, number)).split('\n')).toHaveLength((found.python.packages ?? 0) + 1);
  } finally {
    await lab.remove();
  }
});

test('a replay on another Python says so, and one on the same says nothing of it', async () => {
  const lab = await createTemporaryLab();
  try {
    const number = await run(lab, 'python3 train.py');
    expect((await lab.lab('replay', String(number))).stderr).not.toContain('ran elsewhere');
    const known = await readProvenance(lab, number);
    const other = { ...known, python: { ...known.python, version: '3.1.4' } };
    await lab.write(`.lab/runs/${number}/1/provenance.json`, JSON.stringify(other));
    const again = await lab.lab('replay', String(number));
    expect(again.stderr).toContain(`Python was 3.1.4, is ${known.python.version}`);
    expect(again.stdout).toContain('the same number');
    await lab.write(`.lab/runs/${number}/1/provenance.json`, '{}');
    const broken = await lab.lab('replay', String(number));
    expect([broken.code, broken.stderr]).toEqual([0, expect.stringContaining('is no provenance of an attempt')]);
  } finally {
    await lab.remove();
  }
});

test('a report gives its provenance as a table and as JSON, and one from before says that it has none', async () => {
  const lab = await createTemporaryLab();
  try {
    const facts = createReportFacts({ base: await lab.git('rev-parse', 'HEAD') });
    const text = formatReport(facts, sampleProse);
    await lab.write('9_reports/2026-11-21_longer-contexts.md', text);
    await lab.write(
      '9_reports/2026-11-20_before.md',
      formatReport({ ...facts, provenance: null, slug: 'before' }, null),
    );
    await lab.write('.lab/runs/7/1/packages.txt', 'known==1.5\n');
    expect((await lab.lab('report', 'longer-contexts')).stdout).toBe(text);
    const table = await lab.lab('report', 'longer-contexts', '--provenance');
    expect(table.stdout).toMatch(/^driver +570\.86\.15$/m);
    expect(table.stdout).toMatch(/^packages list +\.lab\/runs\/7\/1\/packages\.txt$/m);
    const { screen } = await runOnTerminal(lab, ['report', 'longer-contexts'], []);
    expect(screen).toMatch(/^Provenance: Python 3\.12\.4, 42 packages .*\(--provenance shows all\)$/m);
    expect(screen).not.toContain('packages digest');
    const own = await lab.lab('report', 'longer-contexts', '--provenance', '--json');
    expect(JSON.parse(own.stdout)).toEqual(createProvenance());
    const whole = JSON.parse((await lab.lab('report', 'longer-contexts', '--json')).stdout);
    expect(whole).toMatchObject({ provenance: createProvenance(), problems: [] });
    const old = await lab.lab('report', 'before', '--provenance');
    expect([old.code, old.stdout, old.stderr]).toEqual([
      1,
      '',
      expect.stringContaining('does not say where its number'),
    ]);
    expect(JSON.parse((await lab.lab('report', 'before', '--json')).stdout)).toMatchObject({
      provenance: null,
      problems: [],
    });
  } finally {
    await lab.remove();
  }
});

test('the report of an experiment ends with the provenance of the run that was decided', async () => {
  const lab = await createScriptedLab(['better']);
  try {
    expect((await lab.lab('ideate', '--until', '1')).code).toBe(0);
    expect(await lab.lab('implement', '-n', '1')).toMatchObject({ code: 0 });
    const { provenance, commit, jobs } = JSON.parse((await lab.lab('report', '--json')).stdout);
    expect(provenance).toEqual(await readProvenance(lab, jobs.at(-1)));
    expect(provenance.git.commit.slice(0, 7)).toBe(commit);
    expect(provenance.python.packages).not.toBeNull();
  } finally {
    await lab.remove();
  }
});
