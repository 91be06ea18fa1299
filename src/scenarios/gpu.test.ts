/** A job on a GPU, with a stand-in for nvidia-smi on PATH that answers in its format, and without one. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createTemporaryLab, waitUntil } from './temporary-lab.ts';

// Two cards; the one program that uses the second is whatever python3 runs this lab's train.py.
const nvidiaSmi = `#!/bin/sh
case "$1" in
--query-gpu=*)
  echo "0, GPU-aaaa, 81559, 4, 570.86.15, NVIDIA H100"
  echo "1, GPU-bbbb, 81559, 4, 570.86.15, NVIDIA H100" ;;
--query-compute-apps=*)
  for pid in $(pgrep -x python3); do
    if tr '\\0' ' ' < /proc/$pid/cmdline | grep -q "train.py $GPU_TEST_MARK"; then
      echo "GPU-aaaa, $pid, 2048"; echo "GPU-bbbb, $pid, 2048"
    fi
  done ;;
esac
`;

const train = `import os, time
print("cards:", os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
open(os.path.join(os.environ["LAB_OUT"], "model.txt"), "w").write("1.0")
while not os.path.exists(os.path.join(os.environ["GO_FOLDER"], "go")):
    time.sleep(0.02)
`;

test('a job runs on one card, sees only that one, and its memory is read from nvidia-smi', async () => {
  const lab = await createTemporaryLab({ files: { 'train.py': train }, local: 'env:\n  pass: [GO_FOLDER]\n' });
  try {
    const folder = join(lab.around, 'bin');
    await mkdir(folder);
    await writeFile(join(folder, 'nvidia-smi'), nvidiaSmi);
    await chmod(join(folder, 'nvidia-smi'), 0o755);
    lab.env.PATH = `${folder}:${lab.env.PATH}`;
    lab.env.GO_FOLDER = join(lab.root, 'signals');
    await lab.write('.git/info/exclude', 'signals/\n');
    lab.env.GPU_TEST_MARK = `mark-${process.pid}`;
    const command = `python3 train.py mark-${process.pid}`;
    const jobs = [
      await lab.add('--device', 'gpu', '--label', 'Q: which card? H: one', '--', command),
      await lab.add('--device', 'gpu', '--label', 'Q: which card? H: the other', '--', command),
    ];
    // Both at once, until the memory of each was seen.
    for (const job of jobs)
      await waitUntil(`the memory of job ${job} is known`, async () => {
        const memory = await lab.read(`.lab/runs/${job}/1/memory.json`).catch(() => null);
        return memory !== null && JSON.parse(memory).gpuPeakMib !== null;
      });
    await lab.write('signals/go', '');
    expect((await lab.lab('wait', ...jobs.map(String))).code).toBe(0);
    const runs = (await lab.status(...jobs)).jobs.map(({ state }) => (state.kind === 'ended' ? state.run : null));
    expect(runs.map((run) => run?.device.id).sort()).toEqual(['gpu0', 'gpu1']);
    for (const run of runs) {
      expect(run).toMatchObject({
        device: { class: 'gpu', model: 'NVIDIA H100' },
        memorySource: 'nvidia-smi',
        peakMemoryMib: 2048,
      });
      const log = await lab.read(`.lab/runs/${run?.job}/1/run.log`);
      expect(log).toContain(`cards: ${run?.device.id.replace('gpu', '')}\n`);
    }
    const rows = (await lab.git('show', 'main:results.tsv'))
      .trim()
      .split('\n')
      .slice(1)
      .map((row) => row.split('\t'));
    expect(rows.map((row) => [row[2], row[14]])).toEqual([
      ['2.0', 'NVIDIA H100'],
      ['2.0', 'NVIDIA H100'],
    ]);
  } finally {
    await lab.remove();
  }
});

test('a machine without a GPU says so when a job asks for one', async () => {
  const lab = await createTemporaryLab();
  try {
    const refused = await lab.lab('add', '--device', 'gpu', '--label', 'Q: a H: b', '--', 'true');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('this machine has no gpu device, expected one of: cpu');
  } finally {
    await lab.remove();
  }
});
