/** Every command of the lab with its summary, in the order of the help. A command's code is loaded only when it is called. */
import type { CommandSpec } from './define.ts';

/** A command as the help lists it. */
export interface CommandEntry {
  name: string;
  summary: string;
  load(): Promise<CommandSpec>;
}

/** The commands by group. */
export const commandGroups: { title: string; commands: CommandEntry[] }[] = [
  {
    title: 'Lab',
    commands: [
      {
        name: 'tour',
        summary: 'Show a whole lab at work on a small problem',
        load: async () => (await import('./commands/tour.ts')).tour,
      },
      {
        name: 'init',
        summary: 'Make a lab here or in a folder',
        load: async () => (await import('./commands/init.ts')).init,
      },
      {
        name: 'deinit',
        summary: 'Take hooks, refs and worktrees of the lab away again',
        load: async () => (await import('./commands/deinit.ts')).deinit,
      },
      { name: 'up', summary: 'Start the daemon', load: async () => (await import('./commands/up.ts')).up },
      {
        name: 'down',
        summary: 'End the daemon; running jobs go on',
        load: async () => (await import('./commands/down.ts')).down,
      },
      {
        name: 'doctor',
        summary: 'Check what the lab needs on this machine',
        load: async () => (await import('./commands/doctor.ts')).doctor,
      },
      { name: 'logs', summary: "Show the daemon's log", load: async () => (await import('./commands/logs.ts')).logs },
      {
        name: 'completions',
        summary: 'Print the completion script of a shell',
        load: async () =>
          (await import('./commands/completions.ts')).createCompletions(() =>
            commandGroups.flatMap((group) => group.commands),
          ),
      },
      {
        name: 'skills',
        summary: 'Put skills where coding agents look, list, check or remove them',
        load: async () => (await import('./commands/skills.ts')).skills,
      },
      {
        name: 'notify',
        summary: 'Send a test notification',
        load: async () => (await import('./commands/notify.ts')).notify,
      },
      {
        name: 'shim',
        summary: "Write a `pueue` script that calls lab, for old habits' sake",
        load: async () => (await import('./commands/shim.ts')).shim,
      },
    ],
  },
  {
    title: 'Queue',
    commands: [
      { name: 'add', summary: 'Queue a labelled command', load: async () => (await import('./commands/add.ts')).add },
      {
        name: 'status',
        summary: 'Show the queue, or one job whole',
        load: async () => (await import('./commands/status.ts')).status,
      },
      { name: 'log', summary: 'Show the logs of jobs', load: async () => (await import('./commands/log.ts')).log },
      {
        name: 'follow',
        summary: 'Follow the logs of running jobs',
        load: async () => (await import('./commands/follow.ts')).follow,
      },
      {
        name: 'wait',
        summary: 'Wait for jobs; the exit code is their fate',
        load: async () => (await import('./commands/wait.ts')).wait,
      },
      {
        name: 'enqueue',
        summary: 'Let held and stashed jobs go, bound to the present track',
        load: async () => (await import('./commands/enqueue.ts')).enqueue,
      },
      {
        name: 'stash',
        summary: 'Put queued jobs aside until they are enqueued',
        load: async () => (await import('./commands/stash.ts')).stash,
      },
      {
        name: 'start',
        summary: 'Resume paused jobs and groups, send queued jobs ahead',
        load: async () => (await import('./commands/start.ts')).start,
      },
      {
        name: 'pause',
        summary: 'Stop jobs where they are, or a whole group',
        load: async () => (await import('./commands/pause.ts')).pause,
      },
      {
        name: 'kill',
        summary: 'End running jobs, take queued ones out',
        load: async () => (await import('./commands/kill.ts')).kill,
      },
      {
        name: 'restart',
        summary: 'Queue ended jobs again',
        load: async () => (await import('./commands/restart.ts')).restart,
      },
      {
        name: 'edit',
        summary: 'Change a queued job in your editor, or by options',
        load: async () => (await import('./commands/edit.ts')).edit,
      },
      {
        name: 'env',
        summary: 'Show or change the environment of a queued job',
        load: async () => (await import('./commands/env.ts')).env,
      },
      {
        name: 'switch',
        summary: 'Change places in the queue',
        load: async () => (await import('./commands/switch.ts')).switchJobs,
      },
      {
        name: 'send',
        summary: 'Write to the standard input of a running job',
        load: async () => (await import('./commands/send.ts')).send,
      },
      {
        name: 'group',
        summary: 'List, add or remove groups of the queue',
        load: async () => (await import('./commands/group.ts')).group,
      },
      {
        name: 'parallel',
        summary: 'Set how many jobs of a group run at once',
        load: async () => (await import('./commands/parallel.ts')).parallel,
      },
      {
        name: 'remove',
        summary: 'Take queued jobs out, ended ones out of sight',
        load: async () => (await import('./commands/remove.ts')).remove,
      },
      {
        name: 'clean',
        summary: 'Put ended jobs out of sight',
        load: async () => (await import('./commands/clean.ts')).clean,
      },
      {
        name: 'reset',
        summary: 'Kill, remove and clean every job',
        load: async () => (await import('./commands/reset.ts')).reset,
      },
      {
        name: 'import',
        summary: "Take another queue's waiting tasks over (pueue)",
        load: async () => (await import('./commands/import.ts')).importTasks,
      },
    ],
  },
  {
    title: 'Ideas',
    commands: [
      {
        name: 'ideate',
        summary: 'Have agents think up ideas and criticise them',
        load: async () => (await import('./commands/ideate.ts')).ideate,
      },
      {
        name: 'ideas',
        summary: 'List the ideas, the best rated first',
        load: async () => (await import('./commands/ideas.ts')).ideas,
      },
      {
        name: 'idea',
        summary: 'Write, show, edit, critique, reject or retry one idea',
        load: async () => (await import('./commands/idea.ts')).idea,
      },
      {
        name: 'implement',
        summary: 'Build ideas, review, run, decide and report them',
        load: async () => (await import('./commands/implement.ts')).implement,
      },
    ],
  },
  {
    title: 'Results',
    commands: [
      {
        name: 'baseline',
        summary: 'Measure the unchanged code and its noise',
        load: async () => (await import('./commands/baseline.ts')).baseline,
      },
      {
        name: 'metric',
        summary: 'Check whether the metric is fit to experiment with',
        load: async () => (await import('./commands/metric.ts')).metric,
      },
      {
        name: 'results',
        summary: 'Show results.tsv with the noise it is judged by',
        load: async () => (await import('./commands/results.ts')).results,
      },
      {
        name: 'champion',
        summary: 'Show what the champion is made of and what each change is worth',
        load: async () => (await import('./commands/champion.ts')).champion,
      },
      {
        name: 'confirm',
        summary: 'Test with fresh seeds whether the champion beats the baseline',
        load: async () => (await import('./commands/confirm.ts')).confirm,
      },
      {
        name: 'ablate',
        summary: 'Measure what the champion loses without each of its changes',
        load: async () => (await import('./commands/ablate.ts')).ablate,
      },
      {
        name: 'replay',
        summary: 'Run a recorded job again and compare the numbers',
        load: async () => (await import('./commands/replay.ts')).replay,
      },
      {
        name: 'report',
        summary: 'Show the report of an experiment, the newest by default',
        load: async () => (await import('./commands/report.ts')).report,
      },
      {
        name: 'reports',
        summary: 'List the reports, or review those that wait for it',
        load: async () => (await import('./commands/reports.ts')).reports,
      },
      {
        name: 'calibration',
        summary: 'Hold what was expected against what was observed',
        load: async () => (await import('./commands/calibration.ts')).calibration,
      },
      {
        name: 'audit',
        summary: 'Check every recorded number against what it came from',
        load: async () => (await import('./commands/audit.ts')).audit,
      },
    ],
  },
  {
    title: 'Rules',
    commands: [
      {
        name: 'rules',
        summary: 'Show file rules, check commits by them, install the git hooks',
        load: async () => (await import('./commands/rules.ts')).rules,
      },
      {
        name: 'meta',
        summary: 'Change frozen files, with a grant of yours',
        load: async () => (await import('./commands/meta.ts')).meta,
      },
      {
        name: 'tracks',
        summary: 'List the tracks, or measure the champion of one under the other',
        load: async () => (await import('./commands/tracks.ts')).tracks,
      },
    ],
  },
  {
    title: 'Ratchet',
    commands: [
      {
        name: 'autoresearch',
        summary: 'Run the ratchet: edit train.py, run, keep or reset, all night',
        load: async () => (await import('./commands/autoresearch.ts')).autoresearch,
      },
    ],
  },
];
