/** Sends one event by every way that the configuration names, and says what came of each. What is sent when is the notifier's. */
import { join } from 'node:path';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { type LabEvent, renderValues } from './event.ts';
import { commandLimitMs, runNotifyCommand } from './run-command.ts';
import { maskUrl, postWebhook, renderMessage, type WebhookTimes, webhookTimes } from './webhook.ts';

/** How one way of sending went. */
export interface Delivery {
  way: 'command' | 'webhook';
  /** The command, or the address with all but its host masked. */
  target: string;
  /** What was sent: environment variables, or headers and body. */
  sent: Record<string, string>;
  ok: boolean;
  /** One line: "exit 0", "HTTP 200", or what went wrong. */
  detail: string;
  /** What came back: output of the command, body of the answer; not for the log. */
  answer: string;
}

/** Limits of the ways, milliseconds. */
export interface DeliveryLimits {
  commandMs: number;
  webhook: WebhookTimes;
}

/** 30 s for a command; see webhookTimes for an address. */
export const deliveryLimits: DeliveryLimits = { commandMs: commandLimitMs, webhook: webhookTimes };

/** Sends the event by the command and by the webhook, one after the other; [] where neither is set. `logName` names the command's output file. Never throws. */
export async function deliverEvent(
  event: LabEvent,
  { command, url, shape }: LabConfig['notify'],
  paths: Pick<LabPaths, 'root' | 'logs'>,
  stop: AbortSignal,
  { logName = 'notify.log', limits = deliveryLimits }: { logName?: string; limits?: DeliveryLimits } = {},
): Promise<Delivery[]> {
  const deliveries: Delivery[] = [];
  if (command !== null) {
    const values = renderValues(event, paths.root);
    const logFile = join(paths.logs, logName);
    const run = { command, values, folder: paths.root, logFile, limitMs: limits.commandMs };
    const { ok, detail, output } = await runNotifyCommand(run, stop);
    deliveries.push({ way: 'command', target: command, sent: values, ok, detail, answer: output });
  }
  if (url !== null) {
    const message = renderMessage(event, paths.root, shape);
    const { ok, detail, body, tries } = await postWebhook(url, message, stop, limits.webhook);
    deliveries.push({
      way: 'webhook',
      target: maskUrl(url),
      sent: { ...message.headers, body: message.body },
      ok,
      detail: tries > 1 ? `${detail}, after ${tries} tries` : detail,
      answer: body ?? '',
    });
  }
  return deliveries;
}
