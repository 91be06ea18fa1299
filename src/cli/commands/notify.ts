/** `lab notify test`: sends one notification now, from this process, and shows what went out and what came back. */
import { join } from 'node:path';
import { findQueueLab } from '../../config/own-lab.ts';
import { type Delivery, deliverEvent } from '../../daemon/notify/deliver.ts';
import { LabError } from '../../errors/lab-error.ts';
import type { CommandSpec } from '../define.ts';
import { openConfig } from '../open-config.ts';

/** Tries the notifications. */
export const notify: CommandSpec = {
  name: 'notify',
  summary: 'Send a test notification',
  usage: 'test',
  options: [{ name: 'json', description: 'Print as JSON' }],
  examples: ['lab notify test'],
  async run(input) {
    if (input.words.length !== 1 || input.words[0] !== 'test')
      throw new LabError('usage', `lab notify got "${input.words.join(' ')}", expected test`, {
        hints: ['`lab notify test` sends one notification'],
      });
    const paths = findQueueLab(process.cwd());
    const settings = openConfig(paths).notify;
    if (settings.command === null && settings.url === null)
      throw new LabError('config', 'neither notify.command nor notify.url is set, expected one of them', {
        hints: [`set it in ${join(paths.root, 'lab.local.yaml')}; 0_docs/guide/notifications.md shows how`],
      });
    const event = { name: 'queue-empty', job: null, device: null, queued: 0, running: 0, isTest: true } as const;
    const options = { logName: 'notify-test.log' };
    const deliveries = await deliverEvent(event, settings, paths, new AbortController().signal, options);
    if (input.flag('json')) process.stdout.write(`${JSON.stringify(deliveries, null, 2)}\n`);
    else process.stdout.write(deliveries.map(renderDelivery).join('\n'));
    if (settings.on.length === 0)
      process.stderr.write('note: notify.on is empty: nothing but this test is sent until it names events\n');
    return deliveries.every(({ ok }) => ok) ? 0 : 1;
  },
};

/** One way of sending as text. Pure. */
export function renderDelivery({ way, target, sent, ok, detail, answer }: Delivery): string {
  const lines = [`${way} ${target}: ${ok ? 'sent' : 'failed'} (${detail})`, 'sent:'];
  for (const [name, value] of Object.entries(sent)) lines.push(`  ${name}: ${value.replaceAll('\n', '\n    ')}`);
  if (answer.trim() !== '') lines.push('came back:', `  ${answer.trim().replaceAll('\n', '\n  ')}`);
  return `${lines.join('\n')}\n`;
}
