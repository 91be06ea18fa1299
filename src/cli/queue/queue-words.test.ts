/** Covers how the verbs of the queue read their words and options, and the YAML of `lab edit`; not what the daemon makes of them. */
import { expect, test } from 'vitest';
import { env, parseEnvRequest } from '../commands/env.ts';
import { group, parseGroupRequest } from '../commands/group.ts';
import { kill } from '../commands/kill.ts';
import { parseRestarted, restart } from '../commands/restart.ts';
import { parseMove, switchJobs } from '../commands/switch.ts';
import { type CommandSpec, parseCommand } from '../define.ts';
import { parseEditFile, renderEditFile } from './edit-file.ts';
import { parseGrace, parseSignal } from './grace.ts';
import { changeOptions, parseChange } from './job-change.ts';
import type { JobFacts } from './job-facts.ts';
import { parseSelection } from './selection.ts';

const read = (spec: CommandSpec, line: string) =>
  parseCommand(
    spec,
    line.split(' ').filter((word) => word !== ''),
  );

const facts: JobFacts = {
  number: 3,
  command: 'python3 train.py',
  label: 'Q: is it stable? H: no change',
  priority: 0,
  group: 'default',
  after: [{ job: 1, any: false }],
  device: 'gpu',
  needs: { deviceId: null, gpus: 2, vramMib: 1024 },
  seed: 7,
  wallSeconds: 600,
  retry: { times: 0, on: [], delaySeconds: 30 },
  limits: { idleSeconds: null, logMb: 5 },
  stdin: false,
  env: { PATH: '/bin', SITE_TOKEN: 'hush', LINES_READ: '5' },
  devices: [
    { id: 'cpu', class: 'cpu' },
    { id: 'gpu1', class: 'gpu' },
  ],
};
const place = { isRestart: false };

test('a selection is numbers, a group or all, and never two of them', () => {
  expect(parseSelection('kill', read(kill, '3 5-6 3'))).toEqual({ numbers: [3, 5, 6], group: null, all: false });
  expect(parseSelection('kill', read(kill, '-g sweep'))).toEqual({ numbers: [], group: 'sweep', all: false });
  expect(parseSelection('kill', read(kill, '--all'))).toEqual({ numbers: [], group: null, all: true });
  expect(parseSelection('start', read(kill, ''), 'default')).toEqual({ numbers: [], group: 'default', all: false });
  expect(() => parseSelection('kill', read(kill, ''))).toThrow('no job is named');
  expect(() => parseSelection('kill', read(kill, '3 --all'))).toThrow('got numbers and --all');
  expect(() => parseSelection('kill', read(kill, '-g a/b'))).toThrow(`"a/b" is no group's name`);
});

test('a job gets its grace, none or one signal', () => {
  expect(parseGrace(read(kill, '3'))).toBeNull();
  expect(parseGrace(read(kill, '3 --now'))).toBe(0);
  expect(parseGrace(read(kill, '3 --grace 2.5'))).toBe(2.5);
  expect(() => parseGrace(read(kill, '3 --grace=-1'))).toThrow('expected seconds, at least 0');
  expect(() => parseGrace(read(kill, '3 --grace 1 --now'))).toThrow('expected one of them');
  expect(['term', 'SIGUSR1', 'sigint'].map(parseSignal)).toEqual(['SIGTERM', 'SIGUSR1', 'SIGINT']);
  expect(['2', '9', '15'].map(parseSignal)).toEqual(['SIGINT', 'SIGKILL', 'SIGTERM']);
  for (const word of ['', '0', '11', '64', '-9', 'SEGV'])
    expect(() => parseSignal(word), word).toThrow(`--signal got "${word}"`);
});

test('places are switched between two jobs, or moved before one or to the top', () => {
  const move = (line: string) => parseMove(read(switchJobs, line));
  expect(move('3 5')).toEqual({ numbers: [3], to: { kind: 'switch', number: 5 } });
  expect(move('3 4 --before j7')).toEqual({ numbers: [3, 4], to: { kind: 'before', number: 7 } });
  expect(move('8-10 --top')).toEqual({ numbers: [8, 9, 10], to: { kind: 'top' } });
  for (const line of ['3', '3 3', '3 4 5', '3 --before 3', '3 --before 4-5', '3 --before 4 --top', ''])
    expect(() => move(line), line).toThrow(/expected/);
});

test('a group is listed, added or removed by name', () => {
  const request = (line: string) => parseGroupRequest(read(group, line));
  expect(request('')).toEqual({ action: 'list', name: '', slots: null });
  expect(request('add sweep --slots 4')).toEqual({ action: 'add', name: 'sweep', slots: 4 });
  expect(request('remove sweep')).toEqual({ action: 'remove', name: 'sweep', slots: null });
  expect(() => request('drop sweep')).toThrow('got "drop"');
  expect(() => request('add')).toThrow('takes one name, got 0');
  expect(() => request('add a b')).toThrow('takes one name, got 2');
  expect(() => request('remove sweep --slots 4')).toThrow('--slots belongs to');
});

test('jobs start again by number, or those that failed', () => {
  const select = (line: string) => parseRestarted(read(restart, line));
  expect(select('3 4 --in-place')).toEqual({ numbers: [3, 4], group: null, all: false });
  expect(select('--failed')).toEqual({ numbers: [], group: null, all: true });
  expect(select('--failed -g sweep')).toEqual({ numbers: [], group: 'sweep', all: false });
  for (const line of ['', '3 --failed', '3 -g sweep', '3 --stashed --start', '--failed --edit'])
    expect(() => select(line), line).toThrow(/expected/);
});

test('a variable is set or unset, but none that looks secret or is the lab’s own', () => {
  const request = (line: string) => parseEnvRequest(read(env, line));
  expect(request('list 3')).toEqual({ verb: 'list', number: 3 });
  expect(request('set 3 OMP_NUM_THREADS 4')).toEqual({ verb: 'set', number: 3, name: 'OMP_NUM_THREADS', value: '4' });
  expect(request('set 3 SHIFT -- -1')).toEqual({ verb: 'set', number: 3, name: 'SHIFT', value: '-1' });
  expect(request('unset 3 HF_TOKEN')).toEqual({ verb: 'unset', number: 3, name: 'HF_TOKEN' });
  expect(() => request('set 3 HF_TOKEN x')).toThrow('HF_TOKEN looks secret');
  expect(() => request('set 3 META_MODE 1')).toThrow('META_MODE looks secret');
  expect(() => request('set 3 LAB_JOB 4')).toThrow('LAB_JOB cannot be set for a job: the lab sets it itself');
  expect(() => request('set 3 CUDA_VISIBLE_DEVICES 1')).toThrow('CUDA_VISIBLE_DEVICES cannot be set for a job');
  expect(() => request('set 3 HIP_VISIBLE_DEVICES 1')).toThrow('HIP_VISIBLE_DEVICES cannot be set for a job');
  expect(() => request('set 3 LAB_TEST_X 1')).toThrow('no run is given it');
  expect(request('unset 3 LAB_SEED')).toMatchObject({ verb: 'unset', name: 'LAB_SEED' });
  expect(() => request('set 3 A-B x')).toThrow('"A-B" is no name');
  for (const line of ['', 'show 3', 'list', 'list 3 4', 'set 3 NAME', 'unset 3', 'set 3-4 NAME x'])
    expect(() => request(line), line).toThrow(/expected|about one job/);
});

const edit: CommandSpec = { ...kill, name: 'edit', options: changeOptions };

test('options change just what they name', () => {
  const change = (line: string) => parseChange(read(edit, line), facts);
  expect(change('3 --seed none --priority -5')).toEqual({ edits: { seed: null }, priority: -5 });
  expect(change('3 --after 1,2 --after 4 --after-any 5')).toEqual({
    edits: {},
    after: [
      { job: 1, any: false },
      { job: 2, any: false },
      { job: 4, any: false },
      { job: 5, any: true },
    ],
  });
  expect(change('3 --after none')).toEqual({ edits: {}, after: [] });
  expect(change('3 --device gpu')).toEqual({ edits: {} });
  expect(change('3 --device gpu1').edits).toEqual({ needs: { deviceId: 'gpu1', gpus: 1, vramMib: 1024 } });
  expect(change('3 --device cpu').edits).toEqual({
    device: 'cpu',
    needs: { deviceId: null, gpus: 1, vramMib: null },
  });
  expect(change('3 --gpus 4 --vram none').edits).toEqual({ needs: { deviceId: null, gpus: 4, vramMib: null } });
  expect(change('3 --gpus 2 --vram 1G')).toEqual({ edits: {} });
  expect(change('3 --idle-seconds 60').edits).toEqual({ limits: { idleSeconds: 60, logMb: 5 } });
  expect(change('3 --log-mb none').edits).toEqual({ limits: { idleSeconds: null, logMb: null } });
  expect(change('3 --retries 2').edits).toEqual({ retry: { times: 2, on: ['any'], delaySeconds: 30 } });
  expect(change('3 --stdin on').edits).toEqual({ stdin: true });
  expect(() => change('3 --device cpu --gpus 2')).toThrow('job 3 runs on the processor');
  expect(() => change('3 --idle-seconds 0')).toThrow('--idle-seconds got "0", expected more than 0 or none');
  expect(() => change('3 --retry-on oom')).toThrow('expected --retries too');
  expect(() => change('3 --stdin yes')).toThrow('--stdin got "yes", expected on or off');
  expect(() => change('3 --device gpu7')).toThrow('there is no device "gpu7", expected cpu, gpu or one of: cpu, gpu1');
  expect(() => change('3 --after 4 --after-any 4')).toThrow('job 4 is named by --after and --after-any');
  expect(() => change('3 --wall-seconds 0')).toThrow('at least 1');
});

test('each of --after and --after-any replaces the jobs of its kind alone, and what both would name is of the one named now', () => {
  const after = (line: string) => parseChange(read(edit, line), facts).after;
  expect(after('3 --after-any 6')).toEqual([
    { job: 1, any: false },
    { job: 6, any: true },
  ]);
  expect(after('3 --after 2')).toEqual([{ job: 2, any: false }]);
  expect(after('3 --after-any 1')).toEqual([{ job: 1, any: true }]);
  expect(after('3 --after-any none')).toEqual([{ job: 1, any: false }]);
});

test('what is said of retries goes over the rule that is there', () => {
  const retry = { times: 3, on: ['exit:75'], delaySeconds: 30 };
  const change = (line: string) => parseChange(read(edit, line), { ...facts, retry }).edits.retry;
  expect(change('3 --retry-on oom,nan')).toEqual({ times: 3, on: ['out-of-memory', 'nan'], delaySeconds: 30 });
  expect(change('3 --retry-delay 0')).toEqual({ times: 3, on: ['exit:75'], delaySeconds: 0 });
  expect(change('3 --retries 0')).toEqual({ times: 0, on: ['exit:75'], delaySeconds: 30 });
});

test('the YAML of a job shows no secret, and saved as it is changes nothing', () => {
  const text = renderEditFile(facts, place);
  expect(text).not.toContain('hush');
  expect(text).toContain('SITE_TOKEN: (hidden)');
  expect(parseEditFile(facts, text, place)).toEqual({ edits: {} });
  const again = renderEditFile(facts, { isRestart: true });
  expect(again).not.toMatch(/^(?:label|priority|group|after)/m);
  expect(parseEditFile(facts, again, { isRestart: true })).toEqual({ edits: {} });
});

test('a command of many lines and an odd label come back as they were', () => {
  const odd = { ...facts, command: 'set -e\npython3 train.py | tee "a: b" #c', label: 'Q: "a"? H: #1 - none' };
  expect(parseEditFile(odd, renderEditFile(odd, place), place)).toEqual({ edits: {} });
});

test('what is changed in the YAML is changed, and deleted lines of env take variables out', () => {
  const text = renderEditFile(facts, place)
    .replace('seed: 7', 'seed: null')
    .replace('priority: 0', 'priority: 2')
    .replace('  LINES_READ: "5"\n', '  EXTRA: 1\n')
    .replace('PATH: /bin', 'PATH: /usr/bin')
    .replace(/after-any: .*/, 'after-any: [2]');
  expect(parseEditFile(facts, text, place)).toEqual({
    edits: { seed: null, env: { LINES_READ: null, EXTRA: '1', PATH: '/usr/bin' } },
    priority: 2,
    after: [
      { job: 1, any: false },
      { job: 2, any: true },
    ],
  });
});

test('limits, retries, GPUs and standard input are changed in the YAML, and a job of the processor asks for no GPU', () => {
  const text = renderEditFile(facts, place)
    .replace('retries: 0', 'retries: 2')
    .replace(/retry-on:\n.*- any/, 'retry-on: [oom]')
    .replace('idle-seconds: null', 'idle-seconds: 90')
    .replace('vram: 1024M', 'vram: 20G')
    .replace('stdin: false', 'stdin: true');
  expect(parseEditFile(facts, text, place).edits).toEqual({
    needs: { deviceId: null, gpus: 2, vramMib: 20 * 1024 },
    limits: { idleSeconds: 90, logMb: 5 },
    retry: { times: 2, on: ['out-of-memory'], delaySeconds: 30 },
    stdin: true,
  });
  const moved = renderEditFile(facts, place).replace('device: gpu', 'device: cpu');
  expect(parseEditFile(facts, moved, place).edits).toEqual({
    device: 'cpu',
    needs: { deviceId: null, gpus: 1, vramMib: null },
  });
  const onProcessor = { ...facts, device: 'cpu' as const, needs: { deviceId: null, gpus: 1, vramMib: null } };
  expect(renderEditFile(onProcessor, place)).not.toContain('gpus');
  expect(() => parseEditFile(onProcessor, 'gpus: 2', place)).toThrow('job 3 runs on the processor');
});

test.each([
  ['retry-on: [oom]', 'expected retries too'],
  ['retry-on: [kaboom]', 'retry-on got "kaboom"'],
  ['vram: big', '"big" is no size'],
  ['log-mb: 0', 'log-mb'],
  ['seed: [', 'is no YAML'],
  ['', 'holds no keys'],
  ['sede: 3', 'sede'],
  ['seed: -1', 'seed'],
  ['after: x', 'after'],
  ['device: tpu', 'there is no device "tpu"'],
  ['env: {A-B: 1}', 'env'],
  ['env: {NEW: (hidden)}', 'env.NEW is (hidden)'],
  ['env: {HF_TOKEN: x}', 'HF_TOKEN looks secret, and a value that is set here would be stored with the job'],
  ['env: {SITE_TOKEN: other}', 'SITE_TOKEN looks secret'],
  ['env: {META_MODE: 1}', 'META_MODE looks secret'],
  ['env: {LAB_OUT: /x}', 'LAB_OUT cannot be set for a job'],
])('the YAML "%s" is refused by its key', (text, message) => {
  expect(() => parseEditFile(facts, text, place)).toThrow(message);
});

test('a job that starts again keeps its place, so its YAML takes none', () => {
  expect(() => parseEditFile(facts, 'priority: 4', { isRestart: true })).toThrow('stay with a job that starts again');
});
